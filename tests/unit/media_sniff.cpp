#include "media/sniff.hpp"

#include "catch.hpp"

using namespace video::media;
using namespace std::string_view_literals;

namespace {

std::string_view sniffed(std::string_view front) {
  const auto kind = sniff(front);
  return kind ? kind->type : "none";
}

std::string smallBox(std::string_view type, std::string_view content) {
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

// One page of Ogg with one packet; `last`: a page of another kind follows.
std::string oggPage(std::string_view packet, int flags = 2, bool last = true) {
  std::string page = "OggS";
  page += '\0';
  page += static_cast<char>(flags);
  page.append(20, '\0');
  page += '\1';
  page += static_cast<char>(packet.size());
  page.append(packet);
  return last ? page + oggPage("data", 0, false) : page;
}

constexpr std::string_view asfVideo = "\xc0\xef\x19\xbc\x4d\x5b\xcf\x11\xa8\xfd\0\x80\x5f\x5c\x44\x2b"sv;
constexpr std::string_view asfAudio = "\x40\x9e\x69\xf8\x4d\x5b\xcf\x11\xa8\xfd\0\x80\x5f\x5c\x44\x2b"sv;

std::string asfOf(std::string_view streams) {
  std::string head("\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c"sv);
  head += static_cast<char>(head.size() + 8 + streams.size());
  head.append(7, '\0');
  return head.append(streams);
}

// An element of Matroska with a size of one byte.
std::string element(std::string_view id, const std::string& content) {
  return std::string(id) + static_cast<char>(0x80 | content.size()) + content;
}

std::string track(char type) {
  return element("\xae", element("\xd7", "\1") + element("\x83", std::string(1, type)) + element("\x86", "V_X"));
}

std::string tracks(const std::string& entries) {
  return element("\x16\x54\xae\x6b", entries);
}

// A segment of unknown size, as live writers have it.
std::string segment(const std::string& content) {
  return "\x18\x53\x80\x67\xff" + content;
}

}  // namespace

TEST_CASE("videos are recognised by their first bytes") {
  const auto isom = smallBox("ftyp", "isom\0\0\2\0isomiso2avc1mp41"sv);
  CHECK(sniffed(isom) == "video/mp4");
  CHECK(sniff(isom)->extension == "mp4");
  for (const std::string_view brand : {"mp42"sv, "avc1"sv, "dash"sv, "iso6"sv, "M4V "sv})
    CHECK(sniffed(smallBox("ftyp", brand)) == "video/mp4");
  CHECK(sniffed(smallBox("ftyp", "qt  ")) == "video/quicktime");
  for (const std::string_view first : {"moov"sv, "mdat"sv, "wide"sv})
    CHECK(sniffed(smallBox(first, "")) == "video/quicktime");
  CHECK(sniffed(ebml("webm")) == "video/webm");
  CHECK(sniffed(ebml("matroska")) == "video/x-matroska");
  CHECK(sniff(ebml("matroska"))->extension == "mkv");
  CHECK(sniffed(oggPage("\x80theora\3\2\1"sv)) == "video/ogg");
  CHECK(sniffed("RIFF\xff\0\0\0AVI LIST"sv) == "video/x-msvideo");
  CHECK(sniffed("FLV\x01\x05"sv) == "video/x-flv");
  CHECK(sniffed(transportStream(0, 188, 5)) == "video/mp2t");
  CHECK(sniffed(transportStream(4, 192, 5)) == "video/mp2t");
  CHECK(sniffed("\0\0\1\xba\x44\0"sv) == "video/mpeg");  // MPEG-2
  CHECK(sniffed("\0\0\1\xba\x21\0"sv) == "video/mpeg");  // MPEG-1
  CHECK(sniffed(asfOf(asfVideo)) == "video/x-ms-asf");
  CHECK(sniff(asfOf(asfVideo))->extension == "wmv");
}

TEST_CASE("files with sound alone are no videos, and what the first bytes do not tell is taken for now") {
  CHECK(sniffed(oggPage("\1vorbis"sv)) == "none");
  CHECK(sniffed(oggPage("OpusHead"sv)) == "none");
  CHECK(sniffed(oggPage("fishead\0"sv, 2, false) + oggPage("OpusHead"sv)) == "none");
  CHECK(sniffed(oggPage("fishead\0"sv, 2, false) + oggPage("\x80theora"sv)) == "video/ogg");
  CHECK(sniffed(oggPage("OpusHead"sv, 2, false)) == "video/ogg");  // others may follow
  CHECK_FALSE(judge(oggPage("OpusHead"sv, 2, false)).isFinal);

  CHECK(sniffed(asfOf(asfAudio)) == "none");
  CHECK(sniffed(asfOf(std::string(asfAudio) + std::string(asfVideo))) == "video/x-ms-asf");
  CHECK(sniffed(asfOf(asfAudio).substr(0, 39)) == "video/x-ms-asf");
  CHECK_FALSE(judge(asfOf(asfAudio).substr(0, 39)).isFinal);

  for (const std::string_view doc : {"webm"sv, "matroska"sv}) {
    const std::string sound = track(2);
    const std::string picture = track(1);
    const std::string head = ebml(doc);
    const std::string type(doc == "webm" ? "video/webm" : "video/x-matroska");
    CHECK(sniffed(head + segment(tracks(sound + picture))) == type);
    CHECK(judge(head + segment(tracks(sound + picture))).isFinal);
    CHECK(sniffed(head + segment(tracks(sound))) == "none");
    CHECK(sniffed(head + segment("\xec\x82xx" + tracks(sound))) == "none");  // behind a Void
    // Cut off in the tracks, or with its tracks behind the media.
    for (const std::string& bytes : {head + segment(tracks(sound + picture)).substr(0, 16),
                                     head + segment("\x1f\x43\xb6\x75\x81x" + tracks(sound)), head}) {
      CHECK(sniffed(bytes) == type);
      CHECK_FALSE(judge(bytes).isFinal);
    }
  }
}

TEST_CASE("every cut of a file is judged, and more bytes never make a video of what is none") {
  const std::string sound = ebml("webm") + segment("\xec\x82xx" + tracks(track(2) + track(2)));
  bool wasVideo = true;
  for (std::size_t size = 5; size <= sound.size(); ++size) {
    const Judged judged = judge(std::string_view(sound).substr(0, size));
    CAPTURE(size);
    if (size >= ebml("webm").size()) {
      CHECK((wasVideo || !judged.kind));
      wasVideo = judged.kind.has_value();
    }
  }
  CHECK_FALSE(wasVideo);
}

TEST_CASE("files that are not videos are not recognised") {
  for (const std::string_view image : {"heic"sv, "heix"sv, "mif1"sv, "avif"sv, "M4A "sv})
    CHECK(sniffed(smallBox("ftyp", image)) == "none");
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
  for (const std::string_view front : others) CHECK(sniffed(front) == "none");
  CHECK(sniffed(ebml("other")) == "none");
  CHECK(sniffed("\x1a\x45\xdf\xa3" + std::string(80, '\0') + "webm") == "none");  // in the content, not in the header
}

TEST_CASE("a transport stream needs three packets with sync bytes in place") {
  CHECK(sniffed(transportStream(0, 188, 2)) == "none");
  CHECK(sniffed(transportStream(0, 188, 3)) == "video/mp2t");
  CHECK(sniffed(transportStream(4, 192, 2)) == "none");
  std::string broken = transportStream(0, 188, 5);
  broken[188 * 2] = 'x';
  CHECK(sniffed(broken) == "none");
  CHECK(sniffed(std::string(600, 'G')) == "video/mp2t");
}
