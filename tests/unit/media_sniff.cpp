#include "media/sniff.hpp"

#include "catch.hpp"

using namespace video::media;
using namespace std::string_view_literals;

namespace {

std::string_view typeOf(std::string_view front) {
  const auto kind = sniff(front);
  return kind ? kind->type : "none";
}

std::string box(std::string_view type, std::string_view content) {
  const std::size_t size = 8 + content.size();
  std::string bytes{'\0', '\0', '\0', static_cast<char>(size)};
  return bytes.append(type).append(content);
}

// An EBML header whose DocType follows the elements that writers put before it.
std::string ebml(std::string_view docType) {
  std::string head = "\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82";
  head += static_cast<char>(0x80 | docType.size());
  head += docType;
  return "\x1a\x45\xdf\xa3" + std::string(1, static_cast<char>(0x80 | head.size())) + head;
}

std::string transportStream(std::size_t first, std::size_t step, std::size_t packets) {
  std::string bytes(first + step * packets, '\xff');
  for (std::size_t at = first; at < bytes.size(); at += step) bytes[at] = 'G';
  return bytes;
}

}  // namespace

TEST_CASE("videos are recognised by their first bytes") {
  const auto isom = box("ftyp", "isom\0\0\2\0isomiso2avc1mp41"sv);
  CHECK(typeOf(isom) == "video/mp4");
  CHECK(sniff(isom)->extension == "mp4");
  for (const std::string_view brand : {"mp42"sv, "avc1"sv, "dash"sv, "iso6"sv, "M4V "sv})
    CHECK(typeOf(box("ftyp", brand)) == "video/mp4");
  CHECK(typeOf(box("ftyp", "qt  ")) == "video/quicktime");
  for (const std::string_view first : {"moov"sv, "mdat"sv, "wide"sv})
    CHECK(typeOf(box(first, "")) == "video/quicktime");
  CHECK(typeOf(ebml("webm")) == "video/webm");
  CHECK(typeOf(ebml("matroska")) == "video/x-matroska");
  CHECK(sniff(ebml("matroska"))->extension == "mkv");
  CHECK(typeOf("OggS\0\2"sv) == "video/ogg");
  CHECK(typeOf("RIFF\xff\0\0\0AVI LIST"sv) == "video/x-msvideo");
  CHECK(typeOf("FLV\x01\x05"sv) == "video/x-flv");
  CHECK(typeOf(transportStream(0, 188, 5)) == "video/mp2t");
  CHECK(typeOf(transportStream(4, 192, 5)) == "video/mp2t");
}

TEST_CASE("files that are not videos are not recognised") {
  for (const std::string_view image : {"heic"sv, "heix"sv, "mif1"sv, "avif"sv, "M4A "sv})
    CHECK(typeOf(box("ftyp", image)) == "none");
  const std::string_view others[] = {""sv,
                                     "\0\0\0"sv,
                                     "\0\0\0\x18"
                                     "fty"sv,
                                     "hello, world"sv,
                                     "\x89PNG\r\n\x1a\n"sv,
                                     "\xff\xd8\xff\xe0"sv,
                                     "GIF89a"sv,
                                     "%PDF-1.7"sv,
                                     "PK\3\4"sv,
                                     "ID3\4"sv,
                                     "RIFF\xff\0\0\0WAVE"sv,
                                     "RIFF\0\0\0\0AVI"sv,
                                     "FLV\x02"sv,
                                     "\x7f"
                                     "ELF"sv,
                                     "<!doctype html>"sv,
                                     "#!/bin/sh"sv,
                                     "\x1a\x45\xdf\xa3"sv,
                                     "moov"sv};
  for (const std::string_view front : others) CHECK(typeOf(front) == "none");
  CHECK(typeOf(ebml("other")) == "none");
  CHECK(typeOf("\x1a\x45\xdf\xa3" + std::string(80, '\0') + "webm") == "none");  // in the content, not in the header
}

TEST_CASE("a transport stream needs three packets with sync bytes in place") {
  CHECK(typeOf(transportStream(0, 188, 2)) == "none");
  CHECK(typeOf(transportStream(0, 188, 3)) == "video/mp2t");
  CHECK(typeOf(transportStream(4, 192, 2)) == "none");
  std::string broken = transportStream(0, 188, 5);
  broken[188 * 2] = 'x';
  CHECK(typeOf(broken) == "none");
  CHECK(typeOf(std::string(600, 'G')) == "video/mp2t");
}
