#include "base/tar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/error.hpp"

namespace video {
namespace {

constexpr std::size_t nameSize = 100;
constexpr std::uint64_t largestOctal = 077777777777;
constexpr std::size_t largestPax = 64 * 1024;
constexpr std::size_t checksumAt = 148;
constexpr std::size_t checksumSize = 8;

std::uint64_t checksumOf(std::string_view header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < tarBlock; ++i) {
    const bool isChecksum = i >= checksumAt && i < checksumAt + checksumSize;
    sum += isChecksum ? std::uint64_t{' '} : static_cast<unsigned char>(header[i]);
  }
  return sum;
}

std::string ustar(std::string_view path, std::uint64_t size, Time modified, char type) {
  std::string header(tarBlock, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  const auto seconds =
      std::max<std::int64_t>(0, std::chrono::floor<std::chrono::seconds>(modified).time_since_epoch().count());
  put(0, path.substr(0, nameSize));
  put(100, "0000600");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", std::min(size, largestOctal)));
  put(136, fmt::format("{:011o}", static_cast<std::uint64_t>(seconds)));
  header[156] = type;
  put(257, std::string_view("ustar\0"
                            "00",
                            8));
  put(checksumAt, fmt::format("{:06o}", checksumOf(header)));
  header[checksumAt + 7] = ' ';
  return header;
}

// A record of a pax header begins with its own length in bytes.
std::string paxRecord(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (fmt::format_int(length).size() + rest != length) ++length;
  return fmt::format("{} {}={}\n", length, key, value);
}

[[noreturn]] void refuseTar(std::string_view why) {
  throw Error(Fault::malformed, fmt::format("archive: {}", why));
}

std::uint64_t numberIn(std::string_view text, int base) {
  text = text.substr(0, std::min(text.find('\0'), text.size()));
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) refuseTar("has a wrong number");
  return number;
}

}  // namespace

std::string tarHeader(const TarEntry& entry, bool sizeUnknown) {
  const bool isPlain = entry.path.size() <= nameSize &&
                       std::all_of(entry.path.begin(), entry.path.end(), [](char c) { return c > 0x1f && c < 0x7f; });
  std::string pax;
  if (!isPlain) pax += paxRecord("path", entry.path);
  if (sizeUnknown || entry.size > largestOctal) pax += paxRecord("size", fmt::format("{:020}", entry.size));
  std::string blocks;
  if (!pax.empty()) {
    blocks = ustar("pax", pax.size(), entry.modified, 'x');
    blocks += pax;
    blocks.append(tarPadding(pax.size()), '\0');
  }
  return blocks + ustar(entry.path, entry.size, entry.modified, '0');
}

std::string tarEnd() {
  return std::string(2 * tarBlock, '\0');
}

void TarReader::add(std::span<const std::byte> piece) {
  while (!piece.empty() && part_ != Part::over) {
    if (part_ == Part::header || part_ == Part::pax) {
      const std::uint64_t wanted = part_ == Part::header ? tarBlock - block_.size() : left_;
      const auto some = piece.first(static_cast<std::size_t>(std::min<std::uint64_t>(wanted, piece.size())));
      block_.append(reinterpret_cast<const char*>(some.data()), some.size());
      piece = piece.subspan(some.size());
      if (part_ == Part::pax) left_ -= some.size();
      if (some.size() < wanted) return;
      part_ == Part::header ? readHeader() : readPax();
      continue;
    }
    const auto some = piece.first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece.size())));
    if (part_ == Part::file) receiver_.bytes(some);
    piece = piece.subspan(some.size());
    left_ -= some.size();
    if (left_ == 0) endPart();
  }
}

void TarReader::finish() const {
  if (part_ != Part::over) refuseTar("ends too early");
}

void TarReader::readHeader() {
  const std::string header = std::exchange(block_, {});
  if (header.find_first_not_of('\0') == std::string::npos) {
    if (hasPaxPath_ || hasPaxSize_) refuseTar("ends too early");
    part_ = Part::over;
    return;
  }
  const std::string_view text = header;
  if (text.substr(257, 5) != "ustar" || numberIn(text.substr(checksumAt, checksumSize), 8) != checksumOf(header))
    refuseTar("is damaged, or no tar");
  const std::uint64_t size = numberIn(text.substr(124, 12), 8);
  const char type = text[156];
  if (type == 'x') {
    if (size == 0 || size > largestPax) refuseTar("has a pax header of a wrong size");
    part_ = Part::pax;
    left_ = size;
    padding_ = tarPadding(size);
    return;
  }
  if (type != '0') refuseTar("has something that is not a file");
  if (!std::exchange(hasPaxPath_, false)) entry_.path = text.substr(0, std::min(text.find('\0'), nameSize));
  if (!std::exchange(hasPaxSize_, false)) entry_.size = size;
  entry_.modified = Time{std::chrono::seconds{static_cast<std::int64_t>(numberIn(text.substr(136, 12), 8))}};
  beginFile();
}

void TarReader::readPax() {
  const std::string records = std::exchange(block_, {});
  for (std::string_view rest = records; !rest.empty();) {
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) refuseTar("has a damaged pax header");
    const std::uint64_t length = numberIn(rest.substr(0, space), 10);
    if (length <= space + 1 || length > rest.size() || rest[length - 1] != '\n') refuseTar("has a damaged pax header");
    const std::string_view record = rest.substr(space + 1, length - space - 2);
    rest.remove_prefix(length);
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos) refuseTar("has a damaged pax header");
    const std::string_view value = record.substr(equals + 1);
    if (record.starts_with("path=")) {
      entry_.path = value;
      hasPaxPath_ = true;
    } else if (record.starts_with("size=")) {
      entry_.size = numberIn(value, 10);
      hasPaxSize_ = true;
    }
  }
  left_ = padding_;
  part_ = left_ > 0 ? Part::padding : Part::header;
  padding_ = 0;
}

void TarReader::beginFile() {
  receiver_.begin(entry_);
  part_ = Part::file;
  left_ = entry_.size;
  padding_ = tarPadding(entry_.size);
  if (left_ == 0) endPart();
}

void TarReader::endPart() {
  if (part_ == Part::file) receiver_.end();
  left_ = std::exchange(padding_, 0);
  part_ = left_ > 0 ? Part::padding : Part::header;
}

}  // namespace video
