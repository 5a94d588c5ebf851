// Runs every target on its corpus without libFuzzer, so that every build tests the inputs once found.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz.hpp"

namespace {

// Returns how many inputs `target` fails on; at least 1 if it has no inputs.
int replay(const fuzz::Target& target, const std::filesystem::path& corpus) {
  int seen = 0;
  int failed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    ++seen;
    try {
      target.run(fuzz::Input(bytes));
    } catch (const std::exception& failure) {
      ++failed;
      std::fprintf(stderr, "%s: %s\n", entry.path().c_str(), failure.what());
    }
  }
  std::printf("%s: %d inputs, %d failed\n", target.name, seen, failed);
  return seen == 0 ? 1 : failed;
}

}  // namespace

int main() {
  int failed = 0;
  for (const fuzz::Target* target : fuzz::Target::all())
    failed += replay(*target, std::filesystem::path(VIDEO_SOURCE_DIR) / "tests/fuzz/corpus" / target->name);
  return failed == 0 ? 0 : 1;
}
