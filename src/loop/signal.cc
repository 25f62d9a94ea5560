// SPDX-License-Identifier: Apache-2.0

#include "loop/signal.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace warren::loop {

Task<> Signal::wait() {
  co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

}  // namespace warren::loop
