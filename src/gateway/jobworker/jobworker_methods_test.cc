// SPDX-License-Identifier: Apache-2.0

#include "gateway/jobworker/jobworker_methods.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <deque>
#include <future>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "jobworker/v1/jobworker.pb.h"
#include "tests/support/fake_stream.h"
#include "tests/support/log_files.h"
#include "tests/support/result_matchers.h"
#include "warren/v1/engine.pb.h"
#include "wire/methods.h"

namespace warren::gateway {
namespace {

namespace proto = ::jobworker::v1;

using test::HoldsError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kJob[] = "0198f1e2-0000-7000-8000-000000000001";

// How a call of the engine goes: its messages, then its end.
struct Answer {
  std::vector<std::string> messages{};
  Result<> end{};
};

class PlayedCall final : public wire::AsyncCall {
 public:
  PlayedCall(Answer answer, std::vector<wire::Handed> handed)
      : answer_(std::move(answer)), handed_(std::move(handed)) {}

  boost::asio::awaitable<Result<std::optional<wire::AsyncMessage>>> next() override {
    if (next_ == answer_.messages.size()) {
      if (!answer_.end) co_return std::unexpected(answer_.end.error());
      co_return std::nullopt;
    }
    wire::AsyncMessage message;
    message.bytes = answer_.messages[next_++];
    message.handed = std::exchange(handed_, {});
    co_return message;
  }
  void cancel() override {}

 private:
  Answer answer_;
  std::vector<wire::Handed> handed_;
  std::size_t next_ = 0;
};

// An engine whose answers are said beforehand; what it was asked is kept.
class PlayedEngine final : public wire::AsyncChannel {
 public:
  std::map<std::string, Answer, std::less<>> answers;
  std::vector<std::pair<std::string, std::string>> asked;
  test::LogOnDisk log;

  std::unique_ptr<wire::AsyncCall> open(std::string_view method, std::string request,
                                        std::uint32_t /*credit*/) override {
    asked.emplace_back(method, std::move(request));
    const auto found = answers.find(method);
    Answer answer{.end = fail(Errc::kNotFound, "no such node")};
    if (found != answers.end()) answer = found->second;
    std::vector<wire::Handed> handed;
    if (method == wire::kLog) {
      handed.push_back({.kind = v1::HANDED_STDOUT, .descriptor = log.out()});
      handed.push_back({.kind = v1::HANDED_STDERR, .descriptor = log.err()});
      handed.push_back({.kind = v1::HANDED_INDEX, .descriptor = log.index()});
    }
    return std::make_unique<PlayedCall>(std::move(answer), std::move(handed));
  }
  [[nodiscard]] bool is_lost() const noexcept override { return false; }
  [[nodiscard]] std::size_t open_calls() const noexcept override { return 0; }
};

class JobWorkerMethods : public ::testing::Test {
 protected:
  struct Served {
    Result<> status;
    std::vector<std::string> messages;

    template <typename Message>
    [[nodiscard]] Message only() const {
      EXPECT_TRUE(status) << status.error().message;
      EXPECT_THAT(messages, SizeIs(1));
      Message message;
      EXPECT_TRUE(!messages.empty() && message.ParseFromString(messages.front()));
      return message;
    }
  };

  Served call(std::string_view name, const std::string& request) {
    const std::string path = "/jobworker.v1.JobWorker/" + std::string(name);
    const Methods methods = jobworker_methods();
    const auto row = std::ranges::find(methods, path, &Method::path);
    if (row == methods.end()) return {fail(Errc::kInternal, "no {}", path), {}};
    test::FakeStream stream(path, {request});
    auto done = boost::asio::co_spawn(loop_, row->handler({.stream = stream, .engine = engine_}),
                                      boost::asio::use_future);
    loop_.restart();
    while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready) loop_.run_one();
    return {done.get(), stream.written()};
  }
  Served call(std::string_view name, const google::protobuf::MessageLite& request) {
    return call(name, request.SerializeAsString());
  }

  template <typename Request>
  static Request about(const std::string& id) {
    Request request;
    request.set_job_id(id);
    return request;
  }

  // What the engine tells of the one job that it has.
  static v1::Node job(const std::string& state, const std::string& cause) {
    v1::Node node;
    node.set_id(kJob);
    node.set_kind("process");
    node.set_owner("alice");
    node.set_state(state);
    node.set_cause(cause);
    return node;
  }
  void answer(std::string_view method, const google::protobuf::MessageLite& message) {
    engine_->answers[std::string(method)] = {.messages = {message.SerializeAsString()}};
  }
  void refuse(std::string_view method, Errc code, const std::string& why) {
    engine_->answers[std::string(method)] = {.end = std::unexpected(Error{code, why})};
  }

  std::shared_ptr<PlayedEngine> engine_ = std::make_shared<PlayedEngine>();
  boost::asio::io_context loop_{1};
};

TEST_F(JobWorkerMethods, AreTheFourOfTheService) {
  std::vector<std::string> paths;
  for (const Method& method : jobworker_methods()) {
    EXPECT_EQ(method.face, model::Face::kJobWorker);
    paths.push_back(method.path);
  }
  EXPECT_THAT(
      paths,
      ElementsAre("/jobworker.v1.JobWorker/StartJob", "/jobworker.v1.JobWorker/StopJob",
                  "/jobworker.v1.JobWorker/GetStatus", "/jobworker.v1.JobWorker/StreamOutput"));
}

TEST_F(JobWorkerMethods, StartAJobInTheBackground) {
  v1::RunEvent started;
  started.set_id(kJob);
  answer(wire::kRun, started);
  proto::StartJobRequest request;
  request.set_executable("sleep");
  request.add_args("10");
  EXPECT_EQ(call("StartJob", request).only<proto::StartJobResponse>().job_id(), kJob);
  ASSERT_THAT(engine_->asked, SizeIs(1));
  v1::RunRequest run;
  ASSERT_TRUE(run.ParseFromString(engine_->asked.front().second));
  EXPECT_TRUE(run.detach());
  EXPECT_FALSE(run.output());
  EXPECT_THAT(run.spec().argv(), ElementsAre("sleep", "10"));
  EXPECT_EQ(run.spec().user(), "nobody:nogroup");
}

TEST_F(JobWorkerMethods, RefuseToStartWhatTheyDoNotUnderstandWithoutAskingTheEngine) {
  EXPECT_THAT(call("StartJob", "\xff").status, HoldsError(Errc::kInvalidArgument, ::testing::_));
  EXPECT_THAT(call("StartJob", "").status,
              HoldsError(Errc::kInvalidArgument, HasSubstr("executable")));
  proto::StartJobRequest request;
  request.set_executable("true");
  request.mutable_limits()->set_cpu("fast");
  EXPECT_THAT(call("StartJob", request).status,
              HoldsError(Errc::kInvalidArgument, HasSubstr("limits.cpu")));
  EXPECT_THAT(engine_->asked, IsEmpty());
}

TEST_F(JobWorkerMethods, PassOnWhyTheEngineStartsNothing) {
  refuse(wire::kRun, Errc::kResourceExhausted, "full");
  proto::StartJobRequest request;
  request.set_executable("true");
  EXPECT_THAT(call("StartJob", request).status, HoldsError(Errc::kResourceExhausted, "full"));
}

TEST_F(JobWorkerMethods, TellTheStatusOfAJob) {
  v1::Node node = job("FAILED", "exited(3)");
  node.set_exit_code(3);
  answer(wire::kGet, node);
  const auto status =
      call("GetStatus", about<proto::GetStatusRequest>(kJob)).only<proto::GetStatusResponse>();
  EXPECT_EQ(status.job_id(), kJob);
  EXPECT_EQ(status.metadata().user(), "alice");
  EXPECT_EQ(status.metadata().status(), proto::JOB_STATUS_EXITED);
  EXPECT_EQ(status.metadata().exit_code(), 3);
}

TEST_F(JobWorkerMethods, KnowJobsByTheirWholeIdAlone) {
  answer(wire::kGet, job("RUNNING", ""));
  for (const char* id : {"7", "0198f1e2", "a-name", "0198F1E2-0000-7000-8000-000000000001"}) {
    EXPECT_THAT(call("GetStatus", about<proto::GetStatusRequest>(id)).status,
                HoldsError(Errc::kNotFound, HasSubstr("no job")))
        << id;
  }
  EXPECT_THAT(call("GetStatus", about<proto::GetStatusRequest>("")).status,
              HoldsError(Errc::kInvalidArgument, HasSubstr("job_id")));
  EXPECT_THAT(engine_->asked, IsEmpty());
}

TEST_F(JobWorkerMethods, CallWhatTheEngineDoesNotHaveAJob) {
  refuse(wire::kGet, Errc::kNotFound, "there is no job");
  EXPECT_THAT(call("GetStatus", about<proto::GetStatusRequest>(kJob)).status,
              HoldsError(Errc::kNotFound, HasSubstr("no job '0198f1e2")));
}

TEST_F(JobWorkerMethods, TakeNoSandboxForAJob) {
  v1::Node node = job("READY", "");
  node.set_kind("sandbox");
  answer(wire::kGet, node);
  EXPECT_THAT(call("GetStatus", about<proto::GetStatusRequest>(kJob)).status,
              HoldsError(Errc::kNotFound, HasSubstr("no job")));
  EXPECT_THAT(call("StopJob", about<proto::StopJobRequest>(kJob)).status,
              HoldsError(Errc::kNotFound, HasSubstr("no job")));
}

TEST_F(JobWorkerMethods, StopAJobAndTellHowItEnded) {
  answer(wire::kGet, job("RUNNING", ""));
  answer(wire::kStop, job("STOPPED", "stopped-by(alice)"));
  const auto stopped =
      call("StopJob", about<proto::StopJobRequest>(kJob)).only<proto::StopJobResponse>();
  EXPECT_EQ(stopped.metadata().user(), "alice");
  EXPECT_EQ(stopped.metadata().status(), proto::JOB_STATUS_STOPPED);
  EXPECT_EQ(stopped.metadata().exit_code(), -13);
  v1::StopRequest stop;
  ASSERT_TRUE(stop.ParseFromString(engine_->asked.back().second));
  EXPECT_EQ(stop.node(), kJob);
  EXPECT_EQ(stop.grace_ms(), 5000U);
}

TEST_F(JobWorkerMethods, PassOnThatAJobIsSomebodyElses) {
  answer(wire::kGet, job("RUNNING", ""));
  refuse(wire::kStop, Errc::kPermissionDenied, "others");
  refuse(wire::kLog, Errc::kPermissionDenied, "others");
  EXPECT_THAT(call("StopJob", about<proto::StopJobRequest>(kJob)).status,
              HoldsError(Errc::kPermissionDenied, "StopJob: others"));
  const Served output = call("StreamOutput", about<proto::StreamOutputRequest>(kJob));
  EXPECT_THAT(output.status, HoldsError(Errc::kPermissionDenied, "StreamOutput: others"));
  EXPECT_THAT(output.messages, IsEmpty());
}

class JobWorkerOutput : public JobWorkerMethods {
 protected:
  JobWorkerOutput() {
    answer(wire::kGet, job("COMPLETED", "exited(0)"));
    v1::LogEvent opened;
    opened.set_opened(true);
    v1::LogEvent ended;
    ended.set_ended(true);
    engine_->answers[std::string(wire::kLog)] = {
        .messages = {opened.SerializeAsString(), ended.SerializeAsString()}};
  }

  std::vector<std::string> chunks_of(int target) {
    auto request = about<proto::StreamOutputRequest>(kJob);
    request.set_target(static_cast<proto::StreamTarget>(target));
    const Served served = call("StreamOutput", request);
    EXPECT_TRUE(served.status) << served.status.error().message;
    std::vector<std::string> chunks;
    for (const std::string& bytes : served.messages) {
      proto::StreamOutputResponse response;
      EXPECT_TRUE(response.ParseFromString(bytes));
      chunks.push_back(response.chunk());
    }
    return chunks;
  }
};

TEST_F(JobWorkerOutput, IsOneStreamFromItsFirstByte) {
  engine_->log.write(LogStream::kStdout, "a\n");
  engine_->log.write(LogStream::kStderr, "b\n");
  engine_->log.write(LogStream::kStdout, "c\n");
  const auto joined = [](const std::vector<std::string>& chunks) {
    std::string all;
    for (const std::string& chunk : chunks) all += chunk;
    return all;
  };
  EXPECT_EQ(joined(chunks_of(proto::STREAM_TARGET_UNSPECIFIED)), "a\nc\n");
  EXPECT_EQ(joined(chunks_of(proto::STREAM_TARGET_STDOUT)), "a\nc\n");
  EXPECT_EQ(joined(chunks_of(proto::STREAM_TARGET_STDERR)), "b\n");
  v1::LogRequest log;
  ASSERT_TRUE(log.ParseFromString(engine_->asked.back().second));
  EXPECT_TRUE(log.follow());
}

TEST_F(JobWorkerOutput, ComesInChunksOf32KiBAtMost) {
  engine_->log.write(LogStream::kStdout, std::string(100'000, 'x'));
  const std::vector<std::string> chunks = chunks_of(proto::STREAM_TARGET_STDOUT);
  std::size_t sum = 0;
  for (const std::string& chunk : chunks) {
    EXPECT_LE(chunk.size(), 32'768U);
    sum += chunk.size();
  }
  EXPECT_EQ(sum, 100'000U);
}

TEST_F(JobWorkerOutput, IsNothingForAJobThatWroteNothing) {
  EXPECT_THAT(chunks_of(proto::STREAM_TARGET_STDOUT), IsEmpty());
}

TEST_F(JobWorkerOutput, SaysOnStandardErrorWhyAJobCouldNotBeStarted) {
  v1::Node node = job("FAILED", "start-failed(execute)");
  node.set_message("execute nothing: No such file or directory");
  answer(wire::kGet, node);
  const auto line =
      ElementsAre("Job could not be started: execute nothing: No such file or directory\n");
  EXPECT_THAT(chunks_of(proto::STREAM_TARGET_STDERR), line);
  EXPECT_THAT(chunks_of(proto::STREAM_TARGET_STDOUT), IsEmpty());
  refuse(wire::kLog, Errc::kNotFound, "no log");
  EXPECT_THAT(chunks_of(proto::STREAM_TARGET_STDERR), line);
  EXPECT_THAT(chunks_of(proto::STREAM_TARGET_STDOUT), IsEmpty());
}

TEST_F(JobWorkerOutput, IsNothingForAJobThatEndedBeforeItBegan) {
  answer(wire::kGet, job("STOPPED", "stopped-by(alice)"));
  refuse(wire::kLog, Errc::kNotFound, "no log");
  EXPECT_THAT(chunks_of(proto::STREAM_TARGET_STDERR), IsEmpty());
}

TEST_F(JobWorkerOutput, IsNotThereWhereALogIsMissing) {
  v1::Node node = job("COMPLETED", "exited(0)");
  node.set_started_at(1);
  answer(wire::kGet, node);
  refuse(wire::kLog, Errc::kNotFound, "no log");
  EXPECT_THAT(call("StreamOutput", about<proto::StreamOutputRequest>(kJob)).status,
              HoldsError(Errc::kNotFound, "no log"));
}

TEST_F(JobWorkerOutput, IsRefusedForAStreamThatThereIsNot) {
  auto request = about<proto::StreamOutputRequest>(kJob);
  request.set_target(static_cast<proto::StreamTarget>(7));
  EXPECT_THAT(call("StreamOutput", request).status,
              HoldsError(Errc::kInvalidArgument, HasSubstr("target")));
  EXPECT_THAT(engine_->asked, IsEmpty());
}

}  // namespace
}  // namespace warren::gateway
