// What contents say about themselves, compared with ffprobe on files that ffmpeg makes now; and with the real programs.
#include <fcntl.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "e2e/ctl.hpp"
#include "media/sniff.hpp"
#include "media_bytes.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

constexpr const char* picture = "-f lavfi -i testsrc2=size=160x96:rate=25:duration=2 ";
constexpr const char* sound = "-f lavfi -i sine=duration=2 ";

struct Made {
  const char* name;
  std::string words;
  const char* encoder = "";  ///< which not every ffmpeg has
};

// Everything that is in an mp4, mov, webm or mkv file of today, in all layouts.
std::vector<Made> allFiles() {
  const std::string both = std::string(picture) + sound;
  const std::string h264 = both + "-c:v libx264 -c:a aac ";
  const std::string copy = "-i late.mp4 -c copy ";
  return {
      {"late.mp4", h264},
      {"faststart.mp4", h264 + "-movflags +faststart"},
      {"fragmented.mp4", h264 + "-movflags frag_keyframe+empty_moov -g 10"},
      {"delayed.mp4", h264 + "-movflags frag_keyframe -g 10"},
      {"dash.mp4", h264 + "-movflags frag_keyframe+empty_moov+default_base_moof+dash -g 10"},
      {"cut.mp4", "-ss 0.7 " + copy},
      {"rotated.mp4", copy + "-metadata:s:v rotate=90"},
      {"upside_down.mp4", copy + "-metadata:s:v rotate=180"},
      {"rotated.mov", copy + "-metadata:s:v rotate=270"},
      {"aac.mov", h264},
      {"pcm.mov", both + "-c:v libx264 -c:a pcm_s16le"},
      {"mp3.mov", both + "-c:v libx264 -c:a libmp3lame"},
      {"prores.mov", both + "-c:v prores_ks -c:a pcm_s24le"},
      {"mp3.mp4", both + "-c:v libx264 -c:a libmp3lame"},
      {"ac3.mp4", both + "-c:v libx264 -c:a ac3"},
      {"part2.mp4", both + "-c:v mpeg4 -c:a aac"},
      {"high10.mp4", both + "-c:v libx264 -pix_fmt yuv420p10le -c:a aac"},
      {"silent.mp4", std::string(picture) + "-c:v libx264"},
      {"sound.mp4", std::string(sound) + "-c:a aac"},
      {"hvc1.mp4", both + "-c:v libx265 -x265-params log-level=none -tag:v hvc1 -c:a aac", "libx265"},
      {"hev1.mp4", both + "-c:v libx265 -x265-params log-level=none -c:a libopus -strict -2", "libx265"},
      {"av1.mp4", std::string(picture) + "-c:v libaom-av1 -cpu-used 8 -t 0.5", "libaom-av1"},
      {"vp9.mp4", std::string(picture) + "-c:v libvpx-vp9 -cpu-used 8"},
      {"vp8.webm", both + "-c:v libvpx -c:a libvorbis"},
      {"vp9.webm", both + "-c:v libvpx-vp9 -cpu-used 8 -c:a libopus"},
      {"av1.webm", std::string(picture) + "-c:v libaom-av1 -cpu-used 8 -t 0.5", "libaom-av1"},
      {"h264.mkv", h264},
      {"hevc.mkv", both + "-c:v libx265 -x265-params log-level=none -c:a flac", "libx265"},
      {"ac3.mkv", both + "-c:v libx264 -c:a ac3"},
      {"live.mkv", h264 + "-f matroska -live 1 pipe:1 > "},
      {"piped.mkv", h264 + "-f matroska pipe:1 > "},
      {"live.webm", both + "-c:v libvpx -c:a libopus -f webm -live 1 pipe:1 > "},
  };
}

void make(const TempDirectory& folder, const Made& made) {
  const std::string line =
      "ffmpeg -nostdin -loglevel error -y " + made.words + (made.words.ends_with("> ") ? "" : " ") + made.name;
  need(run({"sh", "-c", line}, {{}, {}, folder.path()}));
}

// The name that ffprobe has for a codec.
std::string probedName(const std::string& codec) {
  constexpr std::pair<std::string_view, const char*> all[] = {
      {"avc1", "h264"},     {"hvc1", "hevc"}, {"hev1", "hevc"},   {"av01", "av1"},    {"vp09", "vp9"},
      {"mp4v.20", "mpeg4"}, {"ap", "prores"}, {"mp4a.40", "aac"}, {"mp4a.6b", "mp3"}, {"ac-3", "ac3"}};
  for (const auto& [start, name] : all)
    if (codec.starts_with(start)) return name;
  return codec;
}

void checkAgainstFfprobe(const fs::path& file, const media::MediaInfo& info) {
  const auto probed = nlohmann::json::parse(
      need(run({"ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", file.string()})));
  // ffprobe knows no duration of what was written live.
  if (probed["format"].contains("duration")) {
    const double seconds = std::stod(probed["format"]["duration"].get<std::string>());
    CHECK(std::abs(static_cast<double>(info.durationMs.value_or(0)) - seconds * 1000) <= 1);
  } else {
    CHECK(std::abs(info.durationMs.value_or(0) - 2000) <= 50);
  }
  bool hasVideo = false;
  bool hasAudio = false;
  for (const auto& stream : probed["streams"]) {
    const std::string name = stream["codec_name"];
    if (stream["codec_type"] == "video") {
      hasVideo = true;
      CHECK(probedName(info.videoCodec.value_or("")) == name);
      int rotation = 0;
      if (stream.contains("side_data_list"))
        for (const auto& one : stream["side_data_list"]) rotation = one.value("rotation", rotation);
      const bool isTurned = rotation % 180 != 0;
      CHECK(info.width == stream[isTurned ? "height" : "width"].get<std::int64_t>());
      CHECK(info.height == stream[isTurned ? "width" : "height"].get<std::int64_t>());
    } else {
      hasAudio = true;
      const std::string ours = probedName(info.audioCodec.value_or(""));
      CHECK((ours == name || (ours == "pcm" && name.starts_with("pcm_"))));
    }
  }
  CHECK(info.videoCodec.has_value() == hasVideo);
  CHECK(info.audioCodec.has_value() == hasAudio);
}

}  // namespace

TEST_CASE("what files of every container say about themselves is what ffprobe says") {
  const TempDirectory folder;
  const std::string encoders = need(run({"ffmpeg", "-hide_banner", "-encoders"}));
  std::size_t checked = 0;
  for (const Made& made : allFiles()) {
    if (encoders.find(made.encoder) == std::string::npos) continue;
    CAPTURE(made.name);
    make(folder, made);
    const std::string bytes = read(folder / made.name);
    const std::string_view type = media::sniff(bytes).value().type;
    const auto look = [&](const std::string& of) { return media::probe(test::BytesFile(of).file, type).info; };
    const media::MediaInfo whole = look(bytes);
    checkAgainstFfprobe(folder / made.name, whole);
    ++checked;
    const std::string name = made.name;
    if (name.ends_with(".mp4") || name.ends_with(".mov")) {
      const bool isFragmented = name == "fragmented.mp4" || name == "delayed.mp4" || name == "dash.mp4";
      CHECK(whole.fragmented == isFragmented);
      CHECK(whole.faststart == (isFragmented || name == "faststart.mp4"));
    } else {
      CHECK_FALSE(whole.faststart);
    }
    // Cut off at every byte of its head, it says the same or nothing.
    for (std::size_t size = 0; size < std::min<std::size_t>(bytes.size(), 4096); ++size) {
      const media::MediaInfo part = look(bytes.substr(0, size));
      if (part == media::MediaInfo{}) continue;
      CAPTURE(size);
      REQUIRE(part.width == whole.width);
      REQUIRE(part.videoCodec == whole.videoCodec);
      REQUIRE(part.audioCodec == whole.audioCodec);
      REQUIRE(part.faststart == whole.faststart);
      REQUIRE(part.durationMs.value_or(0) <= whole.durationMs.value_or(0));
    }
  }
  CHECK(checked >= 25);
}

TEST_CASE("an upload says what will not play everywhere, and where it was taken can be removed") {
  Site site(GENERATE(as<std::string>(), "direct", "socket", "remote"));
  make(site.folder,
       {"phone.mov", std::string(picture) + sound + "-c:v libx264 -c:a aac -metadata location=+48.8577+002.295/"});
  const std::string before = need(site.run("ada", {"-o", "tsv", "--no-header", "video", "upload", "phone.mov"}));
  CHECK(before.find("QuickTime: some browsers cannot play it; the index is at the end: playback starts late; the file "
                    "says where it was taken") != std::string::npos);
  const std::string id = line(need(site.run("ada", {"-o", "id", "video", "list"})));
  const auto show = [&] { return nlohmann::json::parse(need(site.run("ada", {"-o", "json", "video", "show", id}))); };
  const auto first = show();
  CHECK(first["duration_ms"] == 2000);
  CHECK(first["width"] == 160);
  CHECK(first["video_codec"].get<std::string>().starts_with("avc1.64"));
  CHECK(first["audio_codec"] == "mp4a.40.2");
  CHECK(first["faststart"] == false);
  CHECK(first["has_location"] == true);
  CHECK(first["notes"].size() == 3);

  need(site.run("ada", {"video", "strip-location", id}));
  const auto second = show();
  CHECK(second["has_location"] == false);
  CHECK(second["original_sha256"] == first["sha256"]);
  CHECK(second["sha256"] != first["sha256"]);
  CHECK(second["notes"].size() == 2);
  CHECK(site.run("ada", {"video", "strip-location", id}).status != 0);
  need(site.run("ada", {"video", "verify", id}));
  need(site.run("ada", {"video", "download", id, "--to", "without.mov"}));
  const std::string without = (site.folder / "without.mov").string();
  CHECK(fs::file_size(without) == fs::file_size(site.folder / "phone.mov"));
  CHECK(need(run({"ffprobe", "-v", "error", "-show_format", without})).find("48.8577") == std::string::npos);
  CHECK(need(run({"ffmpeg", "-v", "error", "-i", without, "-f", "null", "-"})).empty());
}

TEST_CASE("a location is removed from the files of every program that writes one, and nothing else") {
  Site site("direct");
  const std::string both = std::string(picture) + sound + "-c:v libx264 -c:a aac -metadata title=holiday ";
  const std::string place = "+48.8577+002.295/";
  const std::string key = "-movflags use_metadata_tags -metadata ";
  // The files end in moov; with faststart it comes first, and offsets must still be right.
  for (const Made& made :
       {Made{"xyz.mov", both + "-metadata location=" + place}, Made{"loci.mp4", both + "-metadata location=" + place},
        Made{"fast.mp4", both + "-movflags +faststart -metadata location=" + place},
        Made{"apple.mov", both + key + "com.apple.quicktime.location.ISO6709=" + place},
        Made{"key.mp4", both + key + "location=" + place}, Made{"tag.mkv", both + "-metadata location=" + place},
        Made{"tag.webm", std::string(picture) + "-c:v libvpx -metadata title=holiday -metadata location=" + place}}) {
    CAPTURE(made.name);
    make(site.folder, made);
    const auto probed = [&](const std::string& file) {
      return need(run({"ffprobe", "-v", "error", "-show_format", "-show_streams", (site.folder / file).string()}));
    };
    CHECK(probed(made.name).find("48.8577") != std::string::npos);
    const std::string id = line(need(site.run("ada", {"-o", "id", "video", "upload", made.name})));
    const auto show = [&] { return nlohmann::json::parse(need(site.run("ada", {"-o", "json", "video", "show", id}))); };
    const auto before = show();
    CHECK(before["has_location"] == true);
    need(site.run("ada", {"video", "strip-location", id}));
    need(site.run("ada", {"video", "download", id, "--to", "without"}));
    const auto after = show();
    CHECK(after["has_location"] == false);
    CHECK(after["original_sha256"] == before["sha256"]);
    CHECK(need(run({"sha256sum", (site.folder / "without").string()})).starts_with(after["sha256"].get<std::string>()));
    CHECK(read(site.folder / "without").size() == read(site.folder / made.name).size());
    const std::string now = probed("without");
    CHECK(now.find("48.8577") == std::string::npos);
    CHECK(now.find("holiday") != std::string::npos);
    CHECK(need(run({"ffmpeg", "-v", "error", "-i", (site.folder / "without").string(), "-f", "null", "-"})).empty());
    const auto frames = [&](const std::string& file) {
      return need(
          run({"ffmpeg", "-v", "error", "-i", (site.folder / file).string(), "-c", "copy", "-f", "framemd5", "-"}));
    };
    CHECK(frames("without") == frames(made.name));
    fs::remove(site.folder / "without");
  }
}
