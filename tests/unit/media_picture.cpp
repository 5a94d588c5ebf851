#include "media/picture.hpp"

#include "catch.hpp"

using namespace video::media;
using namespace std::string_literals;

namespace {

const std::string png =
    "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\x68\x08\x02\0\0\0\0\0\0\0IEND\xae\x42\x60\x82"s;
const std::string jpeg =
    "\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xff\xc2\0\x11\x08\x01\x68\x02\x80\3\xff\xd9"s;
const std::string lossy = "RIFF\x18\0\0\0WEBPVP8 \x14\0\0\0\0\0\0\x9d\x01\x2a\x80\x02\x68\x01\0\0"s;
const std::string lossless = "RIFF\x16\0\0\0WEBPVP8L\x14\0\0\0\x2f\x7f\xc2\x59\0\0\0\0\0\0"s;
const std::string extended = "RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x7f\x02\0\x67\x01\0"s;

}  // namespace

TEST_CASE("the header of a picture says its kind and size") {
  const auto [bytes, type, extension] = GENERATE(table<std::string, std::string, std::string>({
      {png, "image/png", "png"},
      {jpeg, "image/jpeg", "jpg"},
      {lossy, "image/webp", "webp"},
      {lossless, "image/webp", "webp"},
      {extended, "image/webp", "webp"},
  }));
  CAPTURE(type);
  const auto read = readPicture(bytes);
  REQUIRE(read);
  CHECK(read->type == type);
  CHECK(read->extension == extension);
  CHECK(read->width == 640);
  CHECK(read->height == 360);
  CHECK(pictureTypeOf(extension) == type);
}

TEST_CASE("what is cut short, has no size, or is something else is not a picture") {
  for (const std::string& whole : {png, jpeg, lossy, lossless, extended})
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(size);
      CHECK_FALSE(readPicture(whole.substr(0, size)));
    }
  for (const std::string& other :
       {""s, "<svg xmlns='http://www.w3.org/2000/svg'/>"s, "GIF89a\1\0\1\0"s, "\xff\xd8\xff\xda\0\2"s,
        "\xff\xd8\xff\xe0\0\0\xff\xc0"s, "\xff\xd8\xff\xe0\xff\xff"s, "\xff\xd8\xff" + std::string(100'000, '\xff'),
        "RIFF\x16\0\0\0WEBPVP8 \x14\0\0\0\0\0\0\0\0\0\x80\x02\x68\x01\0\0"s}) {
    CAPTURE(other.substr(0, 20));
    CHECK_FALSE(readPicture(other));
  }
  std::string flat = png;
  flat.replace(16, 4, "\0\0\0\0", 4);
  CHECK_FALSE(readPicture(flat));
  CHECK(pictureTypeOf("svg").empty());
}
