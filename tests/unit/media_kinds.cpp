#include "catch.hpp"
#include "media/sniff.hpp"

using namespace video;

TEST_CASE("every detected type has its extension in the table", "[media]") {
  for (const media::Kind& kind : media::kinds()) {
    CHECK(media::extensionOf(kind.type) == kind.extension);
    CHECK(kind.name.find("." + std::string(kind.extension)) != std::string_view::npos);
  }
  CHECK(media::listOfKinds().starts_with("mp4, mov, webm"));
  CHECK(media::kinds().size() == 10);
  CHECK(media::extensionOf("application/octet-stream").empty());
  const auto mp4 =
      media::sniff(std::string_view("\0\0\0\x18"
                                    "ftypisom",
                                    12));
  REQUIRE(mp4);
  CHECK(media::extensionOf(mp4->type) == "mp4");
}
