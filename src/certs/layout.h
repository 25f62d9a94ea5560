// SPDX-License-Identifier: Apache-2.0
//
// Where certificates and keys are kept, which is all that the layouts of Warren, Joblet and
// JobWorker differ in. docs/guide/certificates.md has the table.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "certs/authority.h"
#include "certs/directory.h"
#include "certs/names.h"

namespace warren::certs {

enum class Layout : std::uint8_t { kWarren, kJoblet, kJobworker };

// Where files of a layout are unless somebody says otherwise.
[[nodiscard]] std::string usual_directory(Layout layout);

// The paths of the files that were written.
using Written = std::vector<std::string>;

// One directory with an authority in it, held until this object goes.
class Keeper {
 public:
  // Makes directory and authority where there are none. An authority is never replaced: half of
  // one is kFailedPrecondition.
  [[nodiscard]] static Result<Keeper> open_or_create(Layout layout, const std::string& path);
  // kFailedPrecondition where there is no authority.
  [[nodiscard]] static Result<Keeper> open(Layout layout, const std::string& path);

  // A new certificate for the server, and for Joblet its configuration around it.
  [[nodiscard]] Result<> issue_server(const Request& request, const Address& address);
  // A new certificate for the user or client that `request` names, whose name is valid. `address`
  // is for a new configuration; one that is there keeps its own.
  [[nodiscard]] Result<> issue_client(const Request& request, const Address& address);

  [[nodiscard]] const Written& written() const noexcept { return written_; }

 private:
  Keeper(Layout layout, Directory directory, Authority authority);

  [[nodiscard]] static Result<Keeper> load(Layout layout, Directory directory);
  [[nodiscard]] Result<Directory> directory_of_client(const std::string& name) const;
  [[nodiscard]] Result<> write(const Directory& directory, const std::string& name,
                               std::string_view text);
  [[nodiscard]] Result<> write_pair(const Directory& directory, const std::string& name,
                                    const Identity& identity);

  Layout layout_;
  Directory directory_;
  Authority authority_;
  Written written_;
};

}  // namespace warren::certs
