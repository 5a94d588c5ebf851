#include "media/probe.hpp"

#include "catch.hpp"
#include "media/playback.hpp"
#include "media/sniff.hpp"
#include "media/walks.hpp"
#include "media_bytes.hpp"

using namespace video;
using namespace video::media;
using video::test::BytesFile;
using video::test::padded;
using video::test::sampleFile;
using video::test::sampleFiles;
using namespace std::string_view_literals;

namespace {

std::string big(std::uint64_t value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xff);
  return text;
}

std::string zeros(std::size_t count) {
  return std::string(count, '\0');
}

std::string box(std::string_view type, std::string_view content) {
  return big(8 + content.size(), 4).append(type).append(content);
}

std::string repeated(std::string_view bytes, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += bytes;
  return text;
}

constexpr std::string_view straight = "\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0"sv;
constexpr std::string_view turned = "\0\0\0\0\0\1\0\0\0\0\0\0\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0"sv;

// A movie header of 90 s.
std::string movieHeader(std::string_view matrix = straight, std::uint32_t duration = 90'000) {
  return box("mvhd", zeros(12) + big(1000, 4) + big(duration, 4) + zeros(16) + std::string(matrix) + zeros(28));
}

std::string videoTrack(std::string_view entry, std::string_view matrix = straight, std::string_view more = {}) {
  const std::string header =
      box("tkhd", big(3, 4) + zeros(8) + big(1, 4) + zeros(8) + zeros(16) + std::string(matrix) + zeros(8));
  const std::string tables = box("stsd", zeros(4) + big(1, 4) + std::string(entry)) + std::string(more);
  return box("trak",
             header + box("mdia", box("mdhd", zeros(12) + big(25, 4) + big(2250, 4) + zeros(4)) +
                                      box("hdlr", zeros(8) + "vide" + zeros(12)) + box("minf", box("stbl", tables))));
}

std::string picture(std::string_view format, std::string_view inner = {}) {
  return box(format, zeros(24) + big(640, 2) + big(360, 2) + zeros(50) + std::string(inner));
}

const std::string start = box("ftyp", "isom\0\0\2\0isom"sv);
const std::string plainIndex = box("moov", movieHeader() + videoTrack(picture("avc1", box("avcC", "\1\x64\0\x28"sv))));

MediaInfo infoOf(const std::string& bytes, std::string_view type = "video/mp4") {
  return probe(BytesFile(bytes).file, type).info;
}

std::string_view typeOf(const std::string& bytes) {
  return sniff(bytes).value_or(Kind{}).type;
}

}  // namespace

TEST_CASE("an mp4 says its duration, size and codec, and where its index is") {
  const MediaInfo info = infoOf(start + plainIndex + box("mdat", "x"));
  CHECK(info.durationMs == 90'000);
  CHECK(info.width == 640);
  CHECK(info.height == 360);
  CHECK(info.videoCodec == "avc1.640028");
  CHECK_FALSE(info.audioCodec);
  CHECK(info.faststart == true);
  CHECK(info.fragmented == false);
  CHECK(info.hasLocation == false);
  CHECK(infoOf(start + box("mdat", "x") + plainIndex).faststart == false);
  CHECK(infoOf(start + box("free", "") + plainIndex).faststart == true);
}

TEST_CASE("a picture that is turned by a quarter swaps width and height") {
  const auto widthOf = [](std::string_view ofMovie, std::string_view ofTrack) {
    return infoOf(box("moov", movieHeader(ofMovie) + videoTrack(picture("avc1"), ofTrack))).width;
  };
  CHECK(widthOf(straight, turned) == 360);
  CHECK(widthOf(turned, straight) == 360);
  CHECK(widthOf(turned, turned) == 640);
}

TEST_CASE("codecs are named as in RFC 6381") {
  const auto codecOf = [](std::string_view format, std::string_view record) {
    return infoOf(box("moov", movieHeader() + videoTrack(picture(format, record)))).videoCodec;
  };
  CHECK(codecOf("avc3", box("avcC", "\1\x42\xe0\x1e"sv)) == "avc3.42e01e");
  CHECK(codecOf("hvc1", box("hvcC", "\1\1\x60\0\0\0\x90\0\0\0\0\0\x5d"sv)) == "hvc1.1.6.L93.90");
  CHECK(codecOf("hev1", box("hvcC", "\1\x62\x20\0\0\0\xb0\0\0\0\0\0\x99"sv)) == "hev1.A2.4.H153.B0");
  CHECK(codecOf("av01", box("av1C", "\x81\x04\x80\0"sv)) == "av01.0.04H.08");
  CHECK(codecOf("av01", box("av1C", "\x81\x4d\x60\0"sv)) == "av01.2.13M.12");
  CHECK(codecOf("vp09", box("vpcC", "\1\0\0\0\2\x29\xa0"sv)) == "vp09.02.41.10");
  CHECK(codecOf("mp4v", box("esds", "\0\0\0\0\3\x80\x80\x80\x15\0\1\0\4\x0d\x20"sv) + std::string(12, '\0')) ==
        "mp4v.20");
  CHECK(codecOf("apch", "") == "apch");
  CHECK_FALSE(codecOf("a\0\xff\1"sv, ""));
}

TEST_CASE("files that ffmpeg has made say what they are") {
  const auto look = [](const std::string& folder, const std::string& wanted) {
    for (const auto& [name, bytes] : sampleFiles(VIDEO_SOURCE_DIR, folder))
      if (name == wanted) return infoOf(bytes, typeOf(bytes));
    FAIL("no file " << wanted);
    return MediaInfo{};
  };
  const auto looksLike = [&](const std::string& folder, const std::string& name, std::string_view codecs) {
    const MediaInfo info = look(folder, name);
    CAPTURE(name);
    CHECK(info.videoCodec.value_or("-") + ' ' + info.audioCodec.value_or("-") == codecs);
    CHECK((info.durationMs.value_or(0) >= 400 && info.durationMs.value_or(0) <= 530));
  };
  looksLike("boxes", "mp4", "avc1.42c00a mp4a.40.2");
  looksLike("boxes", "fragmented", "avc1.42c00a mp4a.40.2");
  looksLike("boxes", "dash", "avc1.42c00a mp4a.40.2");
  looksLike("boxes", "mov_aac", "avc1.42c00a mp4a.40.2");
  looksLike("boxes", "mov_pcm", "avc1.42c00a pcm");
  looksLike("boxes", "hevc_opus", "hvc1.1.6.L30.90 opus");
  looksLike("boxes", "av1", "av01.0.00M.08 -");
  looksLike("boxes", "vp9", "vp09.00.10.08 -");
  looksLike("boxes", "audio", "- mp4a.40.2");
  looksLike("elements", "mkv", "avc1.42c00a mp4a.40.2");
  looksLike("elements", "hevc", "hvc1.1.6.L30.90 -");
  looksLike("elements", "webm", "vp9 opus");
  looksLike("elements", "webm_vp8", "vp8 opus");
  // Written as they were recorded: the duration is that of the last cluster, whose size may be unknown.
  looksLike("elements", "live", "avc1.42c00a mp4a.40.2");
  looksLike("elements", "unknown_size", "avc1.42c00a mp4a.40.2");
  CHECK(look("boxes", "rotated").width == 48);
  CHECK(look("boxes", "mp4").width == 64);
  CHECK(look("boxes", "mp4").faststart == false);
  CHECK(look("boxes", "faststart").faststart == true);
  CHECK(look("boxes", "fragmented").fragmented == true);
  CHECK(look("boxes", "fragmented").faststart == true);
  CHECK_FALSE(look("elements", "webm").faststart);
  CHECK(look("elements", "webm").height == 48);
}

TEST_CASE("a file that says where it was taken is found, and no longer says so once those places are overwritten") {
  std::size_t located = 0;
  for (const std::string folder : {"boxes", "elements"})
    for (const auto& [name, bytes] : sampleFiles(VIDEO_SOURCE_DIR, folder)) {
      const std::string_view type = typeOf(bytes);
      const Probed found = probe(BytesFile(bytes).file, type);
      const bool isMeant = name == "loci_meta" || name == "xyz_mov" || name == "loci" || name == "keys" ||
                           name == "location" || name == "gpmd_xyz";
      CAPTURE(name);
      if (found.info.hasLocation.has_value()) CHECK(found.info.hasLocation == isMeant);
      if (!isMeant) continue;
      ++located;
      std::string without = bytes;
      for (const Stretch& one : found.location) without = padded(without, one);
      CHECK(without.size() == bytes.size());
      CHECK(without.find("48.8577") == std::string::npos);
      MediaInfo expected = found.info;
      expected.hasLocation = found.hasMoreLocation;
      CHECK(infoOf(without, type) == expected);
      CHECK(found.hasMoreLocation == (name == "gpmd_xyz"));
    }
  CHECK(located == 6);
}

TEST_CASE("a file that is cut off says what the whole says, or nothing") {
  for (const std::string folder : {"boxes", "elements"})
    for (const auto& [name, bytes] : sampleFiles(VIDEO_SOURCE_DIR, folder)) {
      if (bytes.size() > 100'000) continue;  // too many places to cut
      const std::string_view type = typeOf(bytes);
      const MediaInfo whole = infoOf(bytes, type);
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        const MediaInfo part = infoOf(bytes.substr(0, size), type);
        CAPTURE(name, size);
        if (part == MediaInfo{}) continue;
        REQUIRE(part.width == whole.width);
        REQUIRE(part.height == whole.height);
        REQUIRE(part.videoCodec == whole.videoCodec);
        REQUIRE(part.audioCodec == whole.audioCodec);
        REQUIRE(part.faststart == whole.faststart);
        REQUIRE(part.fragmented == whole.fragmented);
        REQUIRE(part.durationMs.value_or(0) <= whole.durationMs.value_or(0));
      }
    }
}

TEST_CASE("of a hostile file nothing is known, and no more is read than the limit") {
  const std::uint64_t gib = 1ULL << 30;
  const std::string longIndex = big(1, 4) + "moov" + big(3 * gib, 8);
  const std::string tiny = box("free", "");
  std::string deep;
  for (int depth = 0; depth < 10'000; ++depth) deep = box("moov", deep);
  std::string deepTrack;
  for (int depth = 0; depth < 10'000; ++depth) deepTrack = box("mdia", deepTrack);
  const auto check = [](const std::string& what, const std::string& bytes, std::uint64_t size = 0) {
    CAPTURE(what);
    BytesFile file(bytes, size);
    CHECK(probe(file.file, "video/mp4").info == MediaInfo{});
    CHECK(file.read <= BoundedReader::most);
  };
  std::string deepData;
  for (int depth = 0; depth < 10'000; ++depth) deepData = box("udta", deepData);
  CHECK(infoOf(box("moov", movieHeader() + videoTrack(picture("avc1")) + deepData)).videoCodec == "avc1");
  check("an index of 3 GiB that is not there", start + longIndex);
  check("an index of 3 GiB", start + longIndex, 4 * gib);
  check("an index of 3 GiB of small boxes", start + longIndex + repeated(tiny, 1000), 4 * gib);
  check("an index of 900 MiB of small boxes",
        start + big(900 << 20, 4) + "moov" + movieHeader() + repeated(tiny, 9'000'000), gib);
  check("a box of size 7", start + big(7, 4) + "moov" + plainIndex);
  check("a box of size 7 in the index", start + box("moov", movieHeader() + big(7, 4) + "trak"));
  check("a box that ends behind the index", start + box("moov", movieHeader() + big(1000, 4) + "trak"));
  check("a size of 64 bits that overflows", start + big(1, 4) + "moov" + big(UINT64_MAX, 8));
  check("boxes in boxes", start + deep);
  check("boxes in a track", start + box("moov", movieHeader() + box("trak", deepTrack)));
  check("an index without a track", start + box("moov", movieHeader()));
  check("a track header that is too short",
        start + box("moov", movieHeader() + box("trak", box("tkhd", "abc")) + videoTrack(picture("avc1"))));
  check("no index", start + box("mdat", "x"));
  check("zeros", start, gib);
  check("200,000 boxes of the file", start + repeated(tiny, 200'000) + plainIndex);
}

TEST_CASE("of hostile elements nothing is known, and no more is read than the limit") {
  const std::string head = "\x1a\x45\xdf\xa3\x80";
  const std::string segment = head + "\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff";
  std::string deep;
  for (int depth = 0; depth < 2000; ++depth) deep = "\xae\x10" + big(deep.size(), 3) + deep;
  const auto check = [](const std::string& what, const std::string& bytes, std::uint64_t size = 0) {
    CAPTURE(what);
    BytesFile file(bytes, size);
    CHECK(probe(file.file, "video/webm").info == MediaInfo{});
    CHECK(file.read <= BoundedReader::most);
  };
  check("no segment", head);
  check("an empty segment", segment);
  check("tracks of unknown size", segment + "\x16\x54\xae\x6b\x01\xff\xff\xff\xff\xff\xff\xff");
  check("tracks of 3 GiB", segment + "\x16\x54\xae\x6b\x08" + big(3ULL << 30, 4), 4ULL << 30);
  check("tracks in tracks", segment + "\x16\x54\xae\x6b\x10" + big(deep.size(), 3) + deep);
  check("an ID of eight bytes", segment + std::string(20, '\1'));
  check("zeros", segment, 1ULL << 30);
  check("a million small elements", segment + repeated("\xec\x80", 1'000'000));
}

TEST_CASE("the time that a hostile file takes is bounded too") {
  // Many elements in the last 16 MiB that look like clusters: each is walked to the end of its part.
  const std::string hostile = sampleFile(VIDEO_SOURCE_DIR, "elements", "quadratic");
  const std::size_t part = 256 << 10;
  std::string bytes = hostile;
  for (int i = 0; i < 63; ++i) bytes += hostile.substr(hostile.size() - part);
  const BytesFile file(bytes);
  BoundedReader reader(file.file);
  CHECK_THROWS_AS(walkElements(reader), Malformed);
  CHECK(reader.steps() <= BoundedReader::mostSteps + 100);
  CHECK(probe(file.file, "video/webm").info == MediaInfo{});

  const BytesFile many(start + big(900 << 20, 4) + "moov" + movieHeader() + repeated(box("free", ""), 2'000'000),
                       1 << 30);
  BoundedReader boxes(many.file);
  CHECK_THROWS_AS(walkBoxes(boxes), Malformed);
  CHECK(boxes.steps() <= BoundedReader::mostSteps + 100);
}

TEST_CASE("an odd box loses only what it would have said") {
  const std::string sound = box("mp4a", zeros(28) + box("esds", zeros(4) + "\7odd"));
  const std::string soundTrack =
      box("trak", box("mdia", box("mdhd", zeros(12) + big(25, 4) + big(2250, 4) + zeros(4)) +
                                  box("hdlr", zeros(8) + "soun" + zeros(12)) +
                                  box("minf", box("stbl", box("stsd", zeros(4) + big(1, 4) + sound)))));
  const std::string picture264 = picture("avc1", box("avcC", "\1\x64\0\x28"sv));
  const MediaInfo info = infoOf(start + box("moov", movieHeader() + videoTrack(picture264) + soundTrack));
  CHECK(info.durationMs == 90'000);
  CHECK(info.videoCodec == "avc1.640028");
  CHECK(info.audioCodec == "mp4a");
  CHECK(infoOf(box("moov", movieHeader() + videoTrack(picture("avc1", box("avcC", "\1"))))).width == 640);
  const std::string meta = box("meta", zeros(4) + box("keys", "") + box("ilst", box("\0\0\0\1"sv, "x")));
  CHECK(infoOf(box("moov", movieHeader() + videoTrack(picture264) + box("udta", meta))).videoCodec == "avc1.640028");
  CHECK(infoOf(box("moov", movieHeader() + videoTrack(picture264) + meta)).videoCodec == "avc1.640028");
}

TEST_CASE("less common places of a location are found too") {
  const std::string tracks = movieHeader() + videoTrack(picture("avc1"));
  const std::string xmp = "<rdf:Description exif:GPSLatitude=\"48,51.46N\" exif:GPSLongitude=\"2,17.66E\"/>";
  const std::string xmpUuid = "\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac";
  const std::string media = box("mdat", "x");
  const std::string key = "mdtacom.apple.quicktime.location.ISO6709";
  const std::string keys = box("keys", zeros(4) + big(1, 4) + big(4 + key.size(), 4) + key);
  const std::string item = box("ilst", box("\0\0\0\1"sv, box("data", zeros(8) + "+48.8577+002.295/")));
  const std::string meta = box("meta", box("hdlr", zeros(8) + "mdta" + zeros(12)) + keys + item);
  const std::string plainKey = "mdtalocation-eng";
  const std::string plainKeys = box("keys", zeros(4) + big(1, 4) + big(4 + plainKey.size(), 4) + plainKey);
  const std::string plainMeta = box("meta", box("hdlr", zeros(8) + "mdta" + zeros(12)) + plainKeys + item);
  const std::pair<const char*, std::string> files[] = {
      {"XMP in user data", start + box("moov", tracks + box("udta", box("XMP_", xmp))) + media},
      {"XMP in a uuid at the end", start + box("moov", tracks) + media + box("uuid", xmpUuid + zeros(70'000) + xmp)},
      {"XMP in a uuid at the front", start + box("uuid", xmpUuid + xmp) + box("moov", tracks) + media},
      {"XMP in a uuid of the index", start + box("moov", tracks + box("uuid", xmpUuid + xmp)) + media},
      {"user data of the file", start + box("moov", tracks) + media + box("udta", box("\251xyz", "\0\7\0\0+48+002"sv))},
      {"metadata of the file", start + box("moov", tracks) + media + meta},
      {"a key of ffmpeg", start + box("moov", tracks + plainMeta) + media},
      {"XML of a camera",
       start + box("moov", tracks + box("meta", zeros(4) + box("hdlr", zeros(8) + "nrtm" + zeros(12)) +
                                                    box("xml ", zeros(4) + "<Latitude>48</Latitude>")))}};
  for (const auto& [name, bytes] : files) {
    CAPTURE(name);
    const Probed found = probe(BytesFile(bytes).file, "video/mp4");
    CHECK(found.info.hasLocation == true);
    CHECK_FALSE(found.hasMoreLocation);
    std::string without = bytes;
    for (const Stretch& one : found.location) without = padded(without, one);
    CHECK(without.size() == bytes.size());
    CHECK(infoOf(without).hasLocation == false);
    CHECK(infoOf(without).videoCodec == "avc1");
  }
  for (const std::string& bytes :
       {start + box("moov", tracks + box("udta", box("XMP_", "<dc:title>x</dc:title>"))) + media,
        start + box("moov", tracks) + media + box("uuid", zeros(16) + xmp)})
    CHECK(infoOf(bytes).hasLocation == false);
}

TEST_CASE("positions in the samples of a track are said, and that they cannot be overwritten") {
  const auto with = [](const std::string& entry) {
    const std::string track =
        box("trak", box("mdia", box("mdhd", zeros(12) + big(25, 4) + big(2250, 4) + zeros(4)) +
                                    box("hdlr", zeros(8) + "meta" + zeros(12)) +
                                    box("minf", box("stbl", box("stsd", zeros(4) + big(1, 4) + entry)))));
    return probe(BytesFile(start + box("moov", movieHeader() + videoTrack(picture("avc1")) + track)).file, "video/mp4");
  };
  const auto mebx = [&](std::string_view key) {
    const std::string known = box("\0\0\0\1"sv, box("keyd", "mdta" + std::string(key)));
    return with(box("mebx", zeros(8) + box("keys", known)));
  };
  for (const Probed& found :
       {with(box("gpmd", zeros(12))), with(box("camm", zeros(8))), mebx("com.apple.quicktime.location.ISO6709")}) {
    CHECK(found.info.hasLocation == true);
    CHECK(found.hasMoreLocation);
    CHECK(found.location.empty());
    CHECK(found.info.videoCodec == "avc1");
  }
  CHECK(mebx("com.apple.quicktime.video-orientation").info.hasLocation == false);
  CHECK(with(box("tmcd", zeros(26))).info.hasLocation == false);
  CHECK(with("").info.hasLocation == false);

  std::string all;
  for (int i = 0; i < 1001; ++i) all += box("\251xyz", "x");
  const std::string bytes = box("moov", movieHeader() + videoTrack(picture("avc1")) + box("udta", all));
  CHECK(probe(BytesFile(bytes).file, "video/mp4").hasMoreLocation);
}

TEST_CASE("every part with tags is read, wherever a Matroska file has it") {
  const auto element = [](std::string_view id, const std::string& content) {
    return std::string(id) + "\x10" + big(content.size(), 3) + content;
  };
  const auto tags = [&](const std::string& name) {
    return element("\x12\x54\xc3\x67", element("\x73\x73", element("\x67\xc8", element("\x45\xa3", name) +
                                                                                   element("\x44\x87", "48.8577"))));
  };
  const std::string tracks = element("\x16\x54\xae\x6b", element("\xae", "\xd7\x81\1\x83\x81\1"));
  const std::string cluster = element("\x1f\x43\xb6\x75", "\xe7\x81\1");
  const std::string cues = element("\x1c\x53\xbb\x6b", "");
  const auto seek = [&](std::string_view id, std::size_t position) {
    return element("\x4d\xbb", element("\x53\xab", std::string(id)) + element("\x53\xac", big(position, 4)));
  };
  const auto file = [&](const std::vector<std::string>& parts,
                        const std::vector<std::pair<std::string, std::size_t>>& to) {
    const auto headFor = [&](std::size_t before) {
      std::string seeks;
      for (const auto& [id, part] : to) {
        std::size_t position = before;
        // A part that is not there is behind the end of the file.
        for (std::size_t i = 0; i < part; ++i) position += i < parts.size() ? parts[i].size() : 1;
        seeks += seek(id, position);
      }
      return element("\x11\x4d\x9b\x74", seeks);
    };
    std::string body = headFor(headFor(0).size());
    for (const std::string& part : parts) body += part;
    return "\x1a\x45\xdf\xa3\x80" + element("\x18\x53\x80\x67", body);
  };
  const std::string tagsId = "\x12\x54\xc3\x67";
  const std::string cuesId = "\x1c\x53\xbb\x6b";
  const std::string headId = "\x11\x4d\x9b\x74";
  const std::string other = tags("TITLE");
  const std::string place = tags("LOCATION");
  const auto check = [&](const char* what, const std::string& bytes) {
    CAPTURE(what);
    const Probed found = probe(BytesFile(bytes).file, "video/webm");
    CHECK(found.info.hasLocation == true);
    CHECK(found.location.size() == 1);
  };
  check("two in front", file({tracks, other, place, cluster}, {}));
  check("one in front, one behind", file({tracks, other, cluster, place}, {{tagsId, 3}}));
  check("two behind", file({tracks, cluster, place, other}, {{tagsId, 2}, {tagsId, 3}}));
  check("two behind, one of them known", file({tracks, cluster, other, place}, {{tagsId, 2}}));
  check("behind the cues", file({tracks, cluster, cues, place}, {{cuesId, 2}}));
  const std::string second = element(headId, "");
  check("behind a second SeekHead", file({tracks, cluster, second, place}, {{headId, 2}}));
  CHECK(infoOf(file({tracks, cluster, cues, other}, {{cuesId, 2}, {tagsId, 900}}), "video/webm").hasLocation == false);
}

TEST_CASE("a large index is not read whole") {
  // What an hour at 30 frames a second has.
  const std::string sizes = box("stsz", std::string(4 * 108'000, '\1'));
  const std::string index = box("moov", movieHeader() + videoTrack(picture("avc1"), straight, sizes));
  for (const std::string& bytes : {start + index + box("mdat", ""), start + box("mdat", "") + index}) {
    BytesFile file(bytes);
    CHECK(probe(file.file, "video/mp4").info.durationMs == 90'000);
    CHECK(file.read < 20'000);
    CHECK(file.reads < 10);
  }
}

TEST_CASE("the duration of a fragmented file is that of its last fragments, of which no others are read") {
  const auto fragment = [](std::uint64_t time) {
    const std::string run = box("trun", big(0x100, 4) + big(2, 4) + big(512, 4) + big(512, 4));
    return box("moof", box("mfhd", zeros(8)) + box("traf", box("tfhd", big(0x20000, 4) + big(1, 4)) +
                                                               box("tfdt", big(1 << 24, 4) + big(time, 8)) + run)) +
           box("mdat", std::string(2000, 'x'));
  };
  const std::string entry = picture("avc1", box("avcC", "\1\x64\0\x28"sv));
  std::string bytes =
      start + box("moov", movieHeader(straight, 0) + videoTrack(entry) + box("mvex", box("trex", zeros(24))));
  for (std::uint64_t i = 0; i < 1000; ++i) bytes += fragment(i * 1024);
  BytesFile file(bytes);
  const MediaInfo info = probe(file.file, "video/mp4").info;
  CHECK(info.durationMs == 1000 * 1024 * 1000 / 25);
  CHECK(info.fragmented == true);
  CHECK(file.read < bytes.size() / 10);
}

TEST_CASE("a file that cannot be read says nothing") {
  BytesFile file(start + plainIndex);
  file.file.read = [](std::uint64_t, std::span<std::byte>) -> std::size_t { return 0; };
  CHECK(probe(file.file, "video/mp4").info == MediaInfo{});
  file.file.read = [](std::uint64_t, std::span<std::byte>) -> std::size_t { throw std::bad_alloc(); };
  CHECK(probe(file.file, "video/mp4").info == MediaInfo{});
  CHECK(infoOf(start + plainIndex, "video/x-flv") == MediaInfo{});
}

TEST_CASE("what keeps a file from playing everywhere is said in words") {
  MediaInfo info;
  info.videoCodec = "avc1.640028";
  info.audioCodec = "mp4a.40.2";
  info.faststart = true;
  info.hasLocation = false;
  CHECK(playbackNotes("video/mp4", info).empty());
  info.videoCodec = "vp9";
  info.audioCodec = "opus";
  CHECK(playbackNotes("video/webm", info).empty());
  info.videoCodec = "hvc1.1.6.L93.B0";
  info.faststart = false;
  info.hasLocation = true;
  CHECK(playbackNotes("video/mp4", info) == std::vector<std::string>{"HEVC: Firefox and older Chrome cannot play it",
                                                                     "the index is at the end: playback starts late",
                                                                     "the file says where it was taken"});
  CHECK(playbackNotes("video/mp2t", {}) == std::vector<std::string>{"MPEG-TS: browsers cannot play it"});
  CHECK(playbackNotes("video/mp4", {}) ==
        std::vector<std::string>{"the structure of the file cannot be read: it may not play"});
  MediaInfo strange;
  strange.videoCodec = "wxyz";
  CHECK(playbackNotes("video/mp4", strange) ==
        std::vector<std::string>{"the video codec wxyz is not known: browsers may not play it"});
}
