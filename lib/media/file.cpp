#include "media/file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace video::media {

File fileOf(const Descriptor& descriptor) {
  File file;
  struct stat is {};
  if (::fstat(descriptor.number(), &is) == 0 && is.st_size > 0) file.size = static_cast<std::uint64_t>(is.st_size);
  file.read = [number = descriptor.number()](std::uint64_t offset, std::span<std::byte> to) {
    std::size_t done = 0;
    while (done < to.size()) {
      const ssize_t got = ::pread(number, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  };
  return file;
}

std::string_view BoundedReader::at(std::uint64_t offset, std::uint64_t count, std::uint64_t ahead) {
  constexpr std::uint64_t longest = 1 << 20;
  if (++steps_ > mostSteps) isSpent_ = true;
  if (isSpent_) throw Malformed{};
  if (count > longest || offset > file_.size || count > file_.size - offset) throw Malformed{};
  if (offset < windowStart_ || offset + count > windowStart_ + window_.size()) {
    const std::uint64_t wanted = std::min(std::max(count, ahead), file_.size - offset);
    if (wanted > most - read_) {
      isSpent_ = true;
      throw Malformed{};
    }
    read_ += wanted;
    window_.resize(wanted);
    windowStart_ = offset;
    window_.resize(file_.read(offset, std::as_writable_bytes(std::span(window_))));
    if (window_.size() < count) throw Malformed{};
  }
  return std::string_view(window_).substr(offset - windowStart_, count);
}

std::uint64_t Cut::number(std::size_t bytes) {
  std::uint64_t value = 0;
  for (const char c : take(bytes)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::string_view Cut::take(std::uint64_t count) {
  if (count > left_.size()) throw Malformed{};
  const std::string_view taken = left_.substr(0, count);
  left_.remove_prefix(count);
  return taken;
}

}  // namespace video::media
