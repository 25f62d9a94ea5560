// SPDX-License-Identifier: Apache-2.0

#include "client/personality/joblet_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::warren::test::HoldsError;

constexpr const char* kSecurity =
    "security:\n"
    "  serverCert: |\n    CERT\n"
    "  serverKey: |\n    KEY\n"
    "  caCert: |\n    CA\n";

JobletConfig parsed(const std::string& text) {
  const auto config = parse_joblet_config(text + kSecurity);
  EXPECT_TRUE(config) << config.error().message;
  return config.value_or(JobletConfig{});
}

// As the document shows it.
constexpr const char* kDocument = R"(version: "3.0"
server:
  address: "192.168.1.100"
  port: 50051
  mode: "server"

joblet:
  defaultCpuLimit: 50
  defaultMemoryLimit: 256
  maxConcurrentJobs: 100

cgroup:
  baseDir: "/sys/fs/cgroup/joblet.slice/joblet.service"
  enableControllers: [ "memory", "cpu", "io", "pids", "cpuset" ]  # cpuset for core limiting

# Network configuration
network:
  stateDir: "/var/lib/joblet"
  networks:
    bridge:
      cidr: "172.20.0.0/16"
      bridgeName: "joblet0"

)";

TEST(JobletConfig, ReadsTheFileOfTheDocument) {
  const JobletConfig config = parsed(kDocument);
  EXPECT_EQ(config.host, "192.168.1.100");
  EXPECT_EQ(config.port, "50051");
  EXPECT_EQ(config.certificate, "CERT\n");
  EXPECT_EQ(config.key, "KEY\n");
  EXPECT_EQ(config.authority, "CA\n");
  EXPECT_EQ(config.engine,
            "faces:\n"
            "  joblet:\n"
            "    cpu: 50\n"
            "    memory: 256M\n"
            "    cgroup_base: joblet\n"
            "max_concurrent: 100\n");
  EXPECT_THAT(config.warnings, ElementsAre(HasSubstr("cgroup.baseDir: "),
                                           HasSubstr("network: there are no networks")));
}

TEST(JobletConfig, HasDefaultsForEverythingButCertificates) {
  const JobletConfig config = parsed("");
  EXPECT_EQ(config.host, "0.0.0.0");
  EXPECT_EQ(config.port, "50051");
  EXPECT_EQ(config.engine, "faces:\n  joblet:\n    cgroup_base: joblet\n");
  EXPECT_THAT(config.warnings, IsEmpty());
  EXPECT_THAT(parse_joblet_config("version: '3.0'"),
              HoldsError(Errc::kInvalidArgument, HasSubstr("it has no security.serverCert")));
}

TEST(JobletConfig, BoundsTimeAndBandwidth) {
  EXPECT_EQ(parsed("joblet: {jobTimeout: '1h30m', defaultIoLimit: 1048576}\n").engine,
            "faces:\n"
            "  joblet:\n"
            "    max:\n"
            "      timeout: 1h30m\n"
            "    io: 1048576\n"
            "    cgroup_base: joblet\n");
}

TEST(JobletConfig, WarnsOnceOfEachKeyWithoutAMeaning) {
  EXPECT_THAT(parsed("grpc: {maxRecvMsgSize: 1, keepAliveTime: 30s}\n"
                     "logging: {level: INFO}\n"
                     "filesystem: {baseDir: /opt, allowedMounts: [/usr]}\n"
                     "network: {enabled: true, max_custom_networks: 9}\n"
                     "joblet: {cleanupTimeout: 5s, validateCommands: true}\n"
                     "cgroup: {namespaceMount: /sys/fs/cgroup}\n"
                     "server: {timeout: 30s, minTlsVersion: '1.3'}\n")
                  .warnings,
              SizeIs(10));
}

TEST(JobletConfig, NamesWhatItDoesNotKnow) {
  const auto refuses = [](const std::string& text, const char* sentence) {
    EXPECT_THAT(parse_joblet_config(text + kSecurity),
                HoldsError(Errc::kInvalidArgument, HasSubstr(sentence)));
  };
  refuses("joblet:\n  defaultCpuLimmit: 5\n", "line 2: joblet.defaultCpuLimmit: there is no such");
  refuses("jobs: 5\n", "line 1: jobs: there is no such key");
  refuses("server: 7\n", "line 1: server: there is no such key");
  refuses("security2: {}\n", "security2");
  refuses("joblet: {maxConcurrentJobs: many}\n", "joblet.maxConcurrentJobs: 'many' is not a whole");
  refuses("joblet: {defaultMemoryLimit: -1}\n", "joblet.defaultMemoryLimit: '-1'");
  refuses("joblet: {defaultMemoryLimit: [1]}\n", "it takes one value");
  refuses("joblet: {jobTimeout: never}\n", "joblet.jobTimeout: ");
  refuses("server: {port: 65536}\n", "server.port: '65536'");
  refuses("server: {mode: init}\n", "server.mode: 'init'");
  refuses("a: [\n", "line ");
}

TEST(JobletConfig, IsNotAnythingElse) {
  EXPECT_THAT(parse_joblet_config("- 1"), HoldsError(Errc::kInvalidArgument, Not(IsEmpty())));
  EXPECT_THAT(parse_joblet_config(""), HoldsError(Errc::kInvalidArgument, Not(IsEmpty())));
}

}  // namespace
}  // namespace warren::client
