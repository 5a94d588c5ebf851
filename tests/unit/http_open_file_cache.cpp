#include "http/content/open_file_cache.hpp"

#include "catch.hpp"
#include "os/descriptor.hpp"

using namespace video;
using http::OpenFileCache;

namespace {

class Open : public ContentReader {
 public:
  std::size_t read(std::uint64_t, std::span<std::byte>) override { return 0; }
  std::shared_ptr<const Descriptor> file() const override { return file_; }

 private:
  std::shared_ptr<const Descriptor> file_ = std::make_shared<const Descriptor>();
};

Content contentOf(std::uint64_t size) {
  return {{size, "video/mp4", "\"x\"", Time{}, "x"}, std::make_shared<Open>()};
}

}  // namespace

TEST_CASE("small contents stay open until the data changes") {
  OpenFileCache contents;
  CHECK_FALSE(contents.find("/a?", 1));
  const Content one = contentOf(OpenFileCache::largest);
  contents.keep("/a?", 1, one);
  REQUIRE(contents.find("/a?", 1));
  CHECK(contents.find("/a?", 1)->reader == one.reader);
  CHECK_FALSE(contents.find("/a?x", 1));
  contents.keep("/b?", 1, contentOf(OpenFileCache::largest + 1));
  CHECK_FALSE(contents.find("/b?", 1));
  CHECK_FALSE(contents.find("/c?", 2));
  CHECK(one.reader.use_count() == 1);
  contents.keep("/a?", 1, one);  // looked up before the data changed, kept after it
  CHECK_FALSE(contents.find("/a?", 2));
  for (std::size_t i = 0; i < 3 * OpenFileCache::most; ++i) contents.keep(std::to_string(i), 2, one);
  CHECK(one.reader.use_count() <= static_cast<long>(OpenFileCache::most) + 1);
}
