#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

/// Throws unless `condition` holds. A target that throws or crashes has failed.
inline void holds(bool condition, std::string_view property, std::string_view seen = {}) {
  if (!condition) throw std::logic_error(std::string(property) + ": " + std::string(seen));
}

/// One input: parameters are taken from its front, the rest is what the parser reads.
class Input {
 public:
  explicit Input(std::string_view bytes) : left_(bytes) {}

  /// Returns 0 at the end of the input.
  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(left_.front());
    left_.remove_prefix(1);
    return first;
  }
  std::uint32_t word() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | byte();
    return value;
  }
  std::uint64_t longWord() {
    const std::uint64_t high = word();
    return high << 32 | word();
  }
  /// Returns and removes everything up to the next line feed; removes the line feed too.
  std::string line() {
    const std::size_t end = left_.find('\n');
    const std::string taken(left_.substr(0, end));
    left_.remove_prefix(std::min(left_.size(), taken.size() + 1));
    return taken;
  }
  std::string rest() const { return std::string(left_); }

 private:
  std::string_view left_;
};

/// Cuts `text` into pieces, mostly small ones, by `seed`.
inline std::vector<std::string_view> cut(std::string_view text, std::uint32_t seed) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    seed = seed * 1664525 + 1013904223;
    std::size_t size = (seed >> 24) % 4 == 0 ? 1 : (seed >> 16) % 23 + 1;
    if (seed >> 28 == 3) size = (seed >> 8) % 5000 + 1;
    pieces.push_back(text.substr(0, size));
    text.remove_prefix(pieces.back().size());
  }
  return pieces;
}

/// Cuts `text` into single bytes.
inline std::vector<std::string_view> bytesOf(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < text.size(); ++i) pieces.push_back(text.substr(i, 1));
  return pieces;
}

/// A parser and its properties. Each file of this folder defines one; its inputs are in `corpus/NAME`.
struct Target {
  using Run = void (*)(Input);

  Target(const char* its, Run function) : name(its), run(function) { all().push_back(this); }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  static std::vector<const Target*>& all() {
    static std::vector<const Target*> targets;
    return targets;
  }

  const char* name;
  Run run;
};

}  // namespace fuzz
