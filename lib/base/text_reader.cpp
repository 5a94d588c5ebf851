#include "base/text_reader.hpp"

#include <algorithm>
#include <cstring>

namespace video {
namespace {

class TextReader : public ContentReader {
 public:
  explicit TextReader(std::string text) : text_(std::move(text)) {}
  std::size_t read(std::uint64_t offset, std::span<std::byte> to) override {
    if (offset >= text_.size()) return 0;
    const std::size_t count = std::min<std::size_t>(to.size(), text_.size() - static_cast<std::size_t>(offset));
    std::memcpy(to.data(), text_.data() + offset, count);
    return count;
  }

 private:
  const std::string text_;
};

}  // namespace

std::shared_ptr<ContentReader> readerOf(std::string text) {
  return std::make_shared<TextReader>(std::move(text));
}

}  // namespace video
