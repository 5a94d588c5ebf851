// Pictures and playable forms, made by the real ffmpeg in the sandbox.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <tuple>

#include "bait.hpp"
#include "catch.hpp"
#include "media/ffmpeg.hpp"
#include "media/picture.hpp"
#include "media/probe.hpp"
#include "media/sniff.hpp"
#include "processes/no_landlock.hpp"
#include "temp.hpp"

using namespace video;
using namespace video::media;
using namespace std::chrono_literals;

namespace {

const Ffmpeg programs = installedFfmpeg();

struct Finished {
  std::string printed;
  std::string failure;
};

Finished runIn(const os::SandboxedProgram& program) {
  os::SandboxedChild child(program);
  while (!child.wait(100ms)) {
  }
  return {child.printed(), child.failure()};
}

std::string textOf(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A file that ffmpeg has made, outside of the sandbox.
class Sample {
 public:
  Sample(const std::string& name, const std::string& options) : path_(folder_ / name) {
    const std::string made = "ffmpeg -v error -y -f lavfi -i testsrc=s=320x240:d=1:r=10 -f lavfi -i sine=d=1 " +
                             options + " '" + path_.string() + "'";
    REQUIRE(::system(made.c_str()) == 0);
    file_ = Descriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    type_ = sniff(textOf(path_).substr(0, 4096)).value().type;
  }
  /// One that is there.
  explicit Sample(std::filesystem::path path)
      : path_(std::move(path)), type_("video/mp4"), file_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {}
  const std::filesystem::path& path() const { return path_; }
  int file() const { return file_.number(); }
  const std::string& type() const { return type_; }
  PlayedStreams streams() const {
    const Finished listed = runIn(listStreams(programs, file(), type_));
    INFO(listed.failure);
    CHECK(listed.failure.empty());
    return readStreams(listed.printed);
  }
  bool hasIndexFirst() const { return probe(fileOf(file_), type_).info.faststart.value_or(false); }
  PlayPlan plan() const { return planFor(type_, streams(), hasIndexFirst()); }
  /// Makes the playable form, and returns it as a sample.
  Sample playable() const { return {*this, Playable{}}; }
  std::string bytes() const { return textOf(path_); }

 private:
  struct Playable {};
  Sample(const Sample& from, Playable) : path_(folder_ / "play.mp4"), type_("video/mp4") {
    file_ = Descriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const Finished made = runIn(makePlayable(programs, from.file(), from.type(), from.bytes().size(), file(),
                                             from.streams(), from.plan(), 120));
    INFO(made.failure);
    CHECK(made.failure.empty());
    CHECK(made.printed.empty());
  }

  TempDirectory folder_;
  std::filesystem::path path_;
  std::string type_;
  Descriptor file_;
};

bool isInstalled() {
  if (programs.isInstalled()) return true;
  WARN("skipped: ffmpeg is not installed");
  return false;
}

const std::string h264 = "-c:v libx264 -pix_fmt yuv420p -g 10 -c:a aac";

}  // namespace

TEST_CASE("every kind of video has a picture, and a form that browsers play, copied if possible") {
  if (!isInstalled()) return;
  for (const std::string name : {"a.mp4", "a.mov", "a.mkv", "a.ts", "a.flv", "a.avi", "a.webm"}) {
    CAPTURE(name);
    const bool isWebm = name == "a.webm";
    const Sample sample(name, isWebm ? "-c:v libvpx -c:a libopus" : h264);
    const auto taken = [&](std::chrono::milliseconds at) {
      return runIn(takePicture(programs, sample.file(), sample.type(), at));
    };
    // In MPEG-TS, which has no index, ffmpeg finds only keyframes that follow the position: here there are none.
    const Finished first = taken(name == "a.ts" ? 0ms : 500ms);
    INFO(first.failure);
    const auto picture = readPicture(first.printed);
    REQUIRE(picture);
    CHECK(picture->type == "image/jpeg");
    CHECK(picture->width == 320);
    CHECK(picture->height == 240);
    CHECK(taken(60s).printed.empty());

    CHECK(sample.plan().isNeeded == !isWebm);
    if (isWebm) continue;
    CHECK_FALSE(sample.plan().isTranscoding());
    const Sample play = sample.playable();
    CHECK(play.hasIndexFirst());
    CHECK_FALSE(play.plan().isNeeded);
    CHECK(play.streams().videoCodec == "h264");
    CHECK(play.streams().audioCodec == "aac");
  }
}

TEST_CASE("MPEG program streams and Windows Media are known as such, and have a picture") {
  if (!isInstalled()) return;
  const std::string mpeg = "-c:v mpeg2video -c:a mp2";
  for (const auto& [name, options, type] :
       {std::tuple{"a.mpg", mpeg, "video/mpeg"}, std::tuple{"a.vob", mpeg, "video/mpeg"},
        std::tuple{"a.wmv", std::string("-c:v wmv2 -c:a wmav2"), "video/x-ms-asf"}}) {
    CAPTURE(name);
    const Sample sample(name, options);
    CHECK(sample.type() == type);
    CHECK(readPicture(runIn(takePicture(programs, sample.file(), sample.type(), 0ms)).printed));
    CHECK(sample.plan().isTranscoding());
  }
}

TEST_CASE("a video with one keyframe has a picture at its beginning") {
  if (!isInstalled()) return;
  for (const std::string name : {"a.mp4", "a.mov", "a.mkv", "a.ts", "a.flv", "a.avi"}) {
    CAPTURE(name);
    const Sample sample(name, "-c:v libx264 -pix_fmt yuv420p -c:a aac");
    CHECK(readPicture(runIn(takePicture(programs, sample.file(), sample.type(), 0ms)).printed));
  }
}

TEST_CASE("what has to be encoded gets the codecs that browsers play, and at most so many lines") {
  if (!isInstalled()) return;
  const Sample sample("a.mkv", "-c:v libx265 -x265-params log-level=0 -c:a ac3");
  CHECK(sample.plan().isNeeded);
  CHECK_FALSE(sample.plan().copiesVideo);
  CHECK_FALSE(sample.plan().copiesAudio);
  const Sample play = sample.playable();
  CHECK_FALSE(play.plan().isNeeded);
  CHECK(play.streams().videoCodec == "h264");
  const auto picture = readPicture(runIn(takePicture(programs, play.file(), play.type(), 0ms)).printed);
  REQUIRE(picture);
  CHECK(picture->width == 160);
  CHECK(picture->height == 120);
}

TEST_CASE("a picture has the shape in which the video is shown, and at most 640 pixels a side") {
  if (!isInstalled()) return;
  const auto shapeOf = [](const std::string& filter) {
    const Sample sample("a.mp4", "-vf " + filter + " " + h264);
    const auto taken = readPicture(runIn(takePicture(programs, sample.file(), sample.type(), 0ms)).printed);
    REQUIRE(taken);
    return std::pair(taken->width, taken->height);
  };
  CHECK(shapeOf("scale=360:1280,setsar=1") == std::pair(180U, 640U));
  CHECK(shapeOf("scale=320:240,setsar=4/3") == std::pair(426U, 240U));
}

TEST_CASE("of several sound tracks the one that is played by default is kept") {
  const auto soundOf = [](int standard) {
    std::string printed = "index=0|codec_name=h264|codec_type=video|pix_fmt=yuv420p|disposition:default=1\n";
    for (int i = 1; i < 4; ++i)
      printed += "index=" + std::to_string(i) +
                 "|codec_name=aac|codec_type=audio|disposition:default=" + (i == standard ? "1" : "0") +
                 "|disposition:attached_pic=0\n";
    return readStreams(printed).audio;
  };
  CHECK(soundOf(0) == 1);
  CHECK(soundOf(1) == 1);
  CHECK(soundOf(2) == 2);
  if (!isInstalled()) return;
  const Sample sample("a.mkv", h264 + " -map 0:v -map 1:a -map 1:a -disposition:a:0 0 -disposition:a:1 default");
  CHECK(sample.streams().audio == 2);
}

TEST_CASE("what browsers cannot play is told by the container, the codecs and the place of the index") {
  const auto planOf = [](const std::string& type, const std::string& video, const std::string& pixels,
                         const std::string& audio, bool indexFirst = true) {
    std::string printed = "index=0|codec_name=mjpeg|codec_type=video|pix_fmt=yuvj420p|disposition:attached_pic=1\n";
    printed += "index=1|codec_name=" + video + "|codec_type=video|pix_fmt=" + pixels + "|disposition:attached_pic=0\n";
    if (!audio.empty()) printed += "index=2|codec_name=" + audio + "|codec_type=audio|disposition:attached_pic=0\n";
    const PlayedStreams streams = readStreams(printed);
    CHECK(streams.video == 1);
    const PlayPlan plan = planFor("video/" + type, streams, indexFirst);
    return std::pair(plan.isNeeded, plan.isTranscoding());
  };
  CHECK(planOf("mp4", "h264", "yuv420p", "aac") == std::pair(false, false));
  CHECK(planOf("mp4", "h264", "yuv420p", "") == std::pair(false, false));
  CHECK(planOf("mp4", "h264", "yuv420p", "aac", false) == std::pair(true, false));
  CHECK(planOf("quicktime", "h264", "yuv420p", "aac") == std::pair(true, false));
  CHECK(planOf("x-matroska", "h264", "yuv420p10le", "aac") == std::pair(true, true));
  CHECK(planOf("x-matroska", "h264", "yuv420p", "ac3") == std::pair(true, true));
  CHECK(planOf("mp4", "hevc", "yuv420p", "aac") == std::pair(true, true));
  CHECK(planOf("webm", "vp9", "yuv420p", "opus") == std::pair(false, false));
  CHECK(planOf("webm", "vp8", "yuv420p", "vorbis") == std::pair(false, true));
  CHECK(planOf("ogg", "theora", "yuv420p", "vorbis") == std::pair(true, true));
  CHECK_FALSE(planFor("video/x-matroska", readStreams("index=0|codec_name=aac|codec_type=audio\n"), false).isNeeded);
  CHECK_FALSE(planFor("video/mp4", readStreams("nonsense\n|||\nindex=99999999999|codec_type=video\n"), false).isNeeded);
}

TEST_CASE("without Landlock, the program gets the file as a descriptor and writes fragments") {
  if (!isInstalled()) return;
  for (const std::string name : {"a.mkv", "a.ts", "a.flv", "a.avi"}) {
    CAPTURE(name);
    const Sample sample(name, h264);
    const TempDirectory folder;
    const auto path = folder / "play.mp4";
    CHECK(withoutLandlock([&] {
      const Descriptor output(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
      return !os::hasLandlock() && runIn(makePlayable(programs, sample.file(), sample.type(), sample.bytes().size(),
                                                      output.number(), sample.streams(), sample.plan(), 120))
                                       .failure.empty();
    }));
    const Sample fragmented(path);
    CHECK_FALSE(fragmented.plan().isNeeded);
    CHECK(fragmented.streams().videoCodec == "h264");
    CHECK(fragmented.bytes().find("moof") != std::string::npos);
    CHECK(readPicture(runIn(takePicture(programs, fragmented.file(), fragmented.type(), 0ms)).printed));
  }
}

TEST_CASE("encoding only ever uses cores that have nothing else to do, copying may compete for them") {
  const auto limitsOf = [](bool copies) {
    PlayPlan plan;
    plan.isNeeded = true;
    plan.copiesVideo = plan.copiesAudio = copies;
    return makePlayable(programs, 0, "video/x-matroska", 1, 1, PlayedStreams{}, plan, 720).limits;
  };
  CHECK(limitsOf(false).patience >= limitsOf(false).time);
  CHECK(limitsOf(true).patience == 1s);
}

TEST_CASE("a full disk is told by ffmpeg in words that are known") {
  if (!isInstalled()) return;
  const SmallDisk disk("8k");
  if (!disk.isMounted()) return;
  const Sample sample("a.mkv", h264);
  const Descriptor output(::open((disk / "play.mp4").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  os::SandboxedChild child(makePlayable(programs, sample.file(), sample.type(), sample.bytes().size(), output.number(),
                                        sample.streams(), sample.plan(), 120));
  while (!child.wait(100ms)) {
  }
  CHECK(child.errors().find(std::strerror(ENOSPC)) != std::string::npos);  // but it exits with 0
}

TEST_CASE("what ffmpeg itself is told to open or to write stays closed to it in the sandbox") {
  if (!isInstalled()) return;
  const test::Bait bait;
  const TempDirectory folder;
  const Sample sample("a.mkv", h264);
  const std::string other = (folder / "other.mkv").string();
  std::filesystem::copy_file(sample.path(), other);
  const auto tried = [&](const std::vector<std::string>& arguments) {
    os::SandboxedProgram program{.command = {programs.ffmpeg, "-nostdin", "-y", "-v", "error"}, .input = sample.file()};
    program.command.insert(program.command.end(), arguments.begin(), arguments.end());
    return runIn(program).failure;
  };
  const std::string input = "/proc/self/fd/3";
  CHECK(tried({"-i", input, "-f", "null", "-"}).empty());
  for (const std::string& to :
       {"http://127.0.0.1:" + bait.port() + "/a.ts", "tcp://127.0.0.1:" + bait.port(), "udp://127.0.0.1:" + bait.port(),
        (folder / "new.mkv").string(), other, std::string("/tmp/videod-new.mkv")}) {
    CAPTURE(to);
    CHECK_FALSE(tried({"-i", input, "-c", "copy", "-f", "mpegts", to}).empty());
    if (os::hasLandlock() || to.find("//") != std::string::npos)
      CHECK_FALSE(tried({"-i", to, "-f", "null", "-"}).empty());
  }
  CHECK_FALSE(bait.taken());
  CHECK_FALSE(std::filesystem::exists(folder / "new.mkv"));
  CHECK(textOf(other) == sample.bytes());
}

TEST_CASE("the playable form does not say where a video was taken") {
  if (!isInstalled()) return;
  const Sample sample("a.mov", h264 + " -movflags +use_metadata_tags -metadata location=+47.1+008.5/");
  REQUIRE(sample.bytes().find("+47.1+008.5/") != std::string::npos);
  CHECK(sample.playable().bytes().find("+47.1+008.5/") == std::string::npos);
}

TEST_CASE("a playlist reaches nothing, neither as a video nor if ffmpeg is let read it as one") {
  if (!isInstalled()) return;
  const test::Bait bait;
  const TempDirectory folder;
  const std::string url = "http://127.0.0.1:" + bait.port() + "/secret.ts";
  const auto file = folder / "a.mp4";
  std::ofstream(file) << "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n" << url << "\n#EXT-X-ENDLIST\n";
  // Outside of the sandbox it works: the bait is taken.
  REQUIRE(
      ::system(
          ("timeout 1 ffmpeg -nostdin -v quiet -allowed_extensions ALL -protocol_whitelist file,http,tcp -f hls -i " +
           file.string() + " -f null - &")
              .c_str()) == 0);
  test::waitFor("the bait is taken", [&] { return bait.taken(); });

  const Descriptor input(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  for (const Kind& kind : kinds()) {
    CHECK(runIn(takePicture(programs, input.number(), kind.type, 0ms)).printed.empty());
    CHECK(readStreams(runIn(listStreams(programs, input.number(), kind.type)).printed).videoCodec.empty());
  }
  const Finished tried = runIn(
      {.command = {programs.ffmpeg, "-nostdin", "-v", "error", "-allowed_extensions", "ALL", "-protocol_whitelist",
                   "file,http,tcp", "-f", "hls", "-i", "/proc/self/fd/3", "-f", "null", "-"},
       .input = input.number()});
  CHECK(tried.failure.find("Operation not permitted") != std::string::npos);
  CHECK_FALSE(bait.taken());
}
