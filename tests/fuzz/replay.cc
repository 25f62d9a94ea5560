// SPDX-License-Identifier: Apache-2.0
//
// fuzz_replay_test <corpus>: runs every file of the corpus through every target. Each target is
// compiled with a name of its own in place of LLVMFuzzerTestOneInput.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "fuzz_targets.h"

namespace {

namespace fs = std::filesystem;

std::vector<std::uint8_t> content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> files_below(const fs::path& directory) {
  std::vector<fs::path> files;
  if (!fs::is_directory(directory)) return files;
  for (const auto& entry : fs::directory_iterator(directory)) files.push_back(entry.path());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::size_t replayed = 0;
  for (const Target& owner : kTargets) {
    const auto files = files_below(fs::path(argv[1]) / owner.name);
    if (files.empty()) {
      std::fprintf(stderr, "the corpus of %s is empty\n", owner.name);
      return 1;
    }
    for (const fs::path& file : files) {
      const std::vector<std::uint8_t> bytes = content_of(file);
      for (const Target& target : kTargets) {
        // Said before, so that the last line names the pair that failed.
        std::printf("%s < %s\n", target.name, file.c_str());
        std::fflush(stdout);
        target.run(bytes.data(), bytes.size());
        ++replayed;
      }
    }
  }
  std::printf("%zu runs\n", replayed);
  return 0;
}
