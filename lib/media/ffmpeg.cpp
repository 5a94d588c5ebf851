#include "media/ffmpeg.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace video::media {
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view inputPath = "file:/proc/self/fd/3";
constexpr std::string_view outputPath = "file:/proc/self/fd/4";

// The demuxers of ffmpeg by media type.
constexpr std::array formats{std::pair{std::string_view("video/mp4"), std::string_view("mov")},
                             std::pair{std::string_view("video/quicktime"), std::string_view("mov")},
                             std::pair{std::string_view("video/webm"), std::string_view("matroska")},
                             std::pair{std::string_view("video/x-matroska"), std::string_view("matroska")},
                             std::pair{std::string_view("video/ogg"), std::string_view("ogg")},
                             std::pair{std::string_view("video/mp2t"), std::string_view("mpegts")},
                             std::pair{std::string_view("video/x-msvideo"), std::string_view("avi")},
                             std::pair{std::string_view("video/x-flv"), std::string_view("flv")},
                             std::pair{std::string_view("video/mpeg"), std::string_view("mpeg")},
                             std::pair{std::string_view("video/x-ms-asf"), std::string_view("asf")}};

std::string_view formatOf(std::string_view type) noexcept {
  for (const auto& [known, format] : formats)
    if (known == type) return format;
  return {};
}

void append(Words& to, std::initializer_list<std::string_view> more) {
  for (const std::string_view word : more) to.emplace_back(word);
}

// What limits the reading of an untrusted file, before the option that names it.
void appendReading(Words& to, std::string_view type) {
  append(to, {"-protocol_whitelist", "file,pipe", "-max_streams", "64", "-max_pixels", "67108864", "-threads", "1",
              "-f", formatOf(type)});
}

Words begin(const Ffmpeg& programs) {
  return {programs.ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error"};
}

template <class List>
bool contains(const List& list, std::string_view wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

std::string isThere(const char* name) {
  for (const char* folder : {"/usr/local/bin/", "/usr/bin/"}) {
    std::string path = std::string(folder) + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

}  // namespace

Ffmpeg installedFfmpeg() {
  return {isThere("ffmpeg"), isThere("ffprobe")};
}

bool isReadByFfmpeg(std::string_view type) noexcept {
  return !formatOf(type).empty();
}

os::SandboxedProgram listStreams(const Ffmpeg& programs, int file, std::string_view type) {
  os::SandboxedProgram program{.command = {programs.ffprobe, "-hide_banner", "-loglevel", "error"}, .input = file};
  appendReading(program.command, type);
  append(program.command,
         {"-show_entries", "stream=index,codec_type,codec_name,pix_fmt:stream_disposition=attached_pic,default", "-of",
          "compact=p=0", "-i", inputPath});
  program.limits.printed = 64 * 1024;
  return program;
}

PlayedStreams readStreams(std::string_view printed) {
  PlayedStreams streams;
  bool hasDefault = false;  // the sound is that of a track that players play by default
  while (!printed.empty()) {
    std::string_view line = printed.substr(0, printed.find('\n'));
    printed.remove_prefix(std::min(printed.size(), line.size() + 1));
    const auto valueOf = [&](std::string_view name) {
      for (std::string_view rest = line; !rest.empty();) {
        const std::string_view field = rest.substr(0, rest.find('|'));
        rest.remove_prefix(std::min(rest.size(), field.size() + 1));
        if (field.size() > name.size() && field.starts_with(name) && field[name.size()] == '=')
          return field.substr(name.size() + 1);
      }
      return std::string_view();
    };
    const std::string_view number = valueOf("index");
    const bool isNumber = !number.empty() && number.size() < 4 && number.find_first_not_of("0123456789") == number.npos;
    if (!isNumber) continue;
    const int index = std::stoi(std::string(number));
    const std::string_view kind = valueOf("codec_type");
    if (kind == "video" && !streams.video && valueOf("disposition:attached_pic") != "1") {
      streams.video = index;
      streams.videoCodec = valueOf("codec_name");
      streams.pixels = valueOf("pix_fmt");
    } else if (const bool isDefault = valueOf("disposition:default") == "1";
               kind == "audio" && (!streams.audio || (isDefault && !hasDefault))) {
      hasDefault = isDefault;
      streams.audio = index;
      streams.audioCodec = valueOf("codec_name");
    }
  }
  return streams;
}

os::SandboxedProgram takePicture(const Ffmpeg& programs, int file, std::string_view type,
                                 std::chrono::milliseconds position) {
  os::SandboxedProgram program{.command = begin(programs), .input = file};
  appendReading(program.command, type);
  // Where there is no index, seeking to the beginning may miss the first frame.
  if (position.count() > 0) append(program.command, {"-ss", fmt::format("{}ms", position.count())});
  append(
      program.command,
      {"-i",
       inputPath,
       "-an",
       "-sn",
       "-dn",
       "-frames:v",
       "1",
       "-vf",
       "scale='trunc(iw*sar/2)*2':ih,setsar=1,scale='min(640,iw)':'min(640,ih)':force_original_aspect_ratio=decrease:"
       "force_divisible_by=2,format=yuvj420p",
       "-threads",
       "1",
       "-filter_threads",
       "1",
       "-c:v",
       "mjpeg",
       "-q:v",
       "5",
       "-map_metadata",
       "-1",
       "-f",
       "image2pipe",
       "pipe:1"});
  program.limits.printed = 512 * 1024;
  return program;
}

PlayPlan planFor(std::string_view type, const PlayedStreams& streams, bool indexFirst) {
  if (!streams.video) return {};
  constexpr std::array<std::string_view, 3> inMp4{"h264", "vp9", "av1"};
  constexpr std::array<std::string_view, 4> soundInMp4{"aac", "mp3", "opus", "flac"};
  constexpr std::array<std::string_view, 3> inWebm{"vp8", "vp9", "av1"};
  constexpr std::array<std::string_view, 2> soundInWebm{"opus", "vorbis"};
  constexpr std::array<std::string_view, 2> pixels{"yuv420p", "yuvj420p"};
  const bool hasPixels = contains(pixels, streams.pixels);
  PlayPlan plan;
  plan.copiesVideo = hasPixels && contains(inMp4, streams.videoCodec);
  plan.copiesAudio = !streams.audio || contains(soundInMp4, streams.audioCodec);
  if (type == "video/webm" || type == "video/ogg")
    plan.isNeeded = !hasPixels || !contains(inWebm, streams.videoCodec) ||
                    (streams.audio && !contains(soundInWebm, streams.audioCodec));
  else
    plan.isNeeded = type != "video/mp4" || plan.isTranscoding() || !indexFirst;
  return plan;
}

os::SandboxedProgram makePlayable(const Ffmpeg& programs, int input, std::string_view type, std::uint64_t inputSize,
                                  int output, const PlayedStreams& streams, const PlayPlan& plan, int maxHeight,
                                  bool seeks) {
  using namespace std::chrono_literals;
  os::SandboxedProgram program{.command = begin(programs), .input = input, .output = output};
  Words& words = program.command;
  appendReading(words, type);
  // Some formats have no time stamps for presentation.
  append(words, {"-fflags", "+genpts", "-i", inputPath, "-map", fmt::format("0:{}", streams.video.value_or(0))});
  if (streams.audio) append(words, {"-map", fmt::format("0:{}", *streams.audio)});
  // Metadata may say where a video was taken.
  append(words, {"-map_metadata", "-1", "-map_chapters", "-1"});
  if (plan.copiesVideo)
    append(words, {"-c:v", "copy"});
  else
    append(words, {"-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-vf",
                   fmt::format("scale=-2:'trunc(min({},ih)/2)*2'", maxHeight), "-pix_fmt", "yuv420p", "-threads:v", "1",
                   "-filter_threads", "1"});
  if (plan.copiesAudio)
    append(words, {"-c:a", "copy"});
  else
    append(words, {"-c:a", "aac", "-b:a", "160k", "-ac", "2"});
  // The MP4 writer adds this filter by itself only if it can seek.
  if (plan.copiesAudio && streams.audioCodec == "aac") append(words, {"-bsf:a", "aac_adtstoasc"});
  append(words, {"-strict", "-2", "-f", "mp4", "-movflags"});
  if (seeks)
    append(words, {"+faststart", "-y", outputPath});
  else
    append(words, {"+frag_keyframe+delay_moov+default_base_moof", "pipe:4"});
  program.limits.memory = 4ULL << 30;
  program.limits.processor = plan.copiesVideo ? std::chrono::seconds{1h} : std::chrono::seconds{24h};
  program.limits.time = plan.copiesVideo ? 6h : 48h;
  if (!plan.copiesVideo) program.limits.patience = program.limits.time;  // hours of encoding must not slow a stream
  program.limits.fileSize = 2 * inputSize + (64ULL << 20);
  if (!plan.isTranscoding()) {
    // Samples that stand for the same bytes many times must not fill the disk, nor keep others waiting.
    program.limits.processor = 60s + std::chrono::seconds{inputSize >> 22};
    program.limits.fileSize = inputSize + inputSize / 4 + (4ULL << 20);
  }
  return program;
}

}  // namespace video::media
