#include "media/playback.hpp"

#include <fmt/format.h>

#include <optional>
#include <span>
#include <utility>

namespace video::media {
namespace {

// What a codec's name begins with, and what there is to say of it; nothing if every browser plays it.
struct KnownCodec {
  std::string_view start;
  std::string_view note;
};

constexpr KnownCodec pictures[] = {
    {"avc1.6e", "H.264 with 10 bits: most browsers cannot play it"},
    {"avc1.7a", "H.264 with 4:2:2 colour: most browsers cannot play it"},
    {"avc1.f4", "H.264 with 4:4:4 colour: most browsers cannot play it"},
    {"avc1", ""},
    {"avc3", ""},
    {"hvc1", "HEVC: Firefox and older Chrome cannot play it"},
    {"hev1", "HEVC: Firefox, Safari and older Chrome cannot play it"},
    {"av01", "AV1: Safari on older devices cannot play it"},
    {"vp09", ""},
    {"vp9", ""},
    {"vp8", ""},
    {"vp08", ""},
    {"theora", "Theora: Safari and newer browsers cannot play it"},
    {"mp4v", "MPEG-4 Part 2: browsers cannot play it"},
    {"mpeg2", "MPEG-2: browsers cannot play it"},
    {"ap", "ProRes: only Safari can play it"},
};

constexpr KnownCodec sounds[] = {
    {"mp4a.a5", "AC-3 sound: most browsers cannot play it"},
    {"mp4a.a9", "DTS sound: browsers cannot play it"},
    {"mp4a.a6", "E-AC-3 sound: most browsers cannot play it"},
    {"mp4a", ""},
    {"mp3", ""},
    {"opus", ""},
    {"vorbis", ""},
    {"flac", ""},
    {"ac-3", "AC-3 sound: most browsers cannot play it"},
    {"ec-3", "E-AC-3 sound: most browsers cannot play it"},
    {"dts", "DTS sound: browsers cannot play it"},
    {"mlpa", "TrueHD sound: browsers cannot play it"},
    {"pcm", "uncompressed sound: some browsers cannot play it"},
    {"alac", "ALAC sound: only Safari can play it"},
};

constexpr std::pair<std::string_view, std::string_view> containers[] = {
    {"video/quicktime", "QuickTime: some browsers cannot play it"},
    {"video/x-matroska", "Matroska: some browsers cannot play it"},
    {"video/ogg", "Ogg: Safari cannot play it"},
    {"video/mp2t", "MPEG-TS: browsers cannot play it"},
    {"video/mpeg", "MPEG program stream: browsers cannot play it"},
    {"video/x-ms-asf", "Windows Media: browsers cannot play it"},
    {"video/x-msvideo", "AVI: browsers cannot play it"},
    {"video/x-flv", "FLV: browsers cannot play it"},
    {"application/octet-stream", "the format of the file is not known: browsers may not play it"},
};

void addNote(std::vector<std::string>& notes, std::span<const KnownCodec> known, const std::string& codec,
             std::string_view what) {
  for (const KnownCodec& one : known) {
    if (!codec.starts_with(one.start)) continue;
    if (!one.note.empty()) notes.emplace_back(one.note);
    return;
  }
  notes.push_back(fmt::format("the {} codec {} is not known: browsers may not play it", what, codec));
}

}  // namespace

std::vector<std::string> playbackNotes(std::string_view type, const MediaInfo& info) {
  std::vector<std::string> notes;
  for (const auto& [container, note] : containers)
    if (type == container) notes.emplace_back(note);
  if (isProbed(type) && info == MediaInfo{})
    notes.emplace_back("the structure of the file cannot be read: it may not play");
  if (info.videoCodec) addNote(notes, pictures, *info.videoCodec, "video");
  if (info.audioCodec) addNote(notes, sounds, *info.audioCodec, "audio");
  if (info.faststart == false) notes.emplace_back("the index is at the end: playback starts late");
  if (info.hasLocation == true) notes.emplace_back("the file says where it was taken");
  return notes;
}

}  // namespace video::media
