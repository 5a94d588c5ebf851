#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <span>

#include "base/text.hpp"
#include "media/codecs.hpp"
#include "media/walks.hpp"

namespace video::media {
namespace {

constexpr std::uint32_t name(std::string_view four) {
  std::uint32_t value = 0;
  for (const char c : four) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::string textOf(std::uint32_t type) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(type >> shift & 0xff);
  return text;
}

// The name of a codec that has no configuration record.
std::string nameOf(std::uint32_t format) {
  switch (format) {
    case name("Opus"): return "opus";
    case name("fLaC"): return "flac";
    case name(".mp3"): return "mp3";
    case name("sowt"):
    case name("twos"):
    case name("in24"):
    case name("in32"):
    case name("fl32"):
    case name("ipcm"):
    case name("lpcm"): return "pcm";
    default: return printable(textOf(format)).value_or("");
  }
}

struct Box {
  std::uint32_t type = 0;
  std::uint64_t start = 0;  // of its header
  std::uint64_t begin = 0;  // of its content
  std::uint64_t end = 0;
  std::uint64_t size() const { return end - begin; }
};

// Of XMP in a box named uuid.
constexpr std::string_view xmpUuid = "\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac";

// Parts of names in XML, above all in XMP, that are about the location: GPSLatitude, exif:GPSLongitude, …
constexpr std::string_view placesInXml[] = {"atitude", "ongitude", "LocationCreated", "photoshop:City"};

// How a walk takes a box that is not well formed: as damage, or as the end of the boxes, since writers put what they
// like into user data and after the boxes of a sample entry.
enum class Broken { isDamage, isEnd };

constexpr std::size_t mostTracks = 64;
constexpr std::size_t mostParts = 100'000;          // boxes of the file itself
constexpr std::uint64_t longestIndex = 1ULL << 30;  // of which only small parts are read
constexpr std::uint64_t longestText = 4096;

struct Track {
  std::uint32_t id = 0;
  std::uint32_t handler = 0;
  bool isQuarterTurned = false;
  std::uint64_t width = 0;  // as it is to be shown
  std::uint64_t height = 0;
  std::uint32_t timescale = 0;
  std::uint64_t duration = 0;  // in its timescale
  std::uint64_t edited = 0;    // what its edit list shows, in the movie's timescale
  std::optional<Box> description;
  std::uint32_t format = 0;
  std::uint64_t codedWidth = 0;
  std::uint64_t codedHeight = 0;
  std::string codec;
  std::uint64_t sampleDuration = 0;  // default in fragments
  std::uint64_t fragmentsEnd = 0;    // in its timescale
};

// The matrix of a movie or a track: whether it turns the picture by a quarter, to the left or to the right.
bool isQuarterTurn(std::string_view matrix) {
  Cut cut(matrix);
  std::array<std::uint32_t, 9> m{};
  for (std::uint32_t& one : m) one = cut.word();
  return m[0] == 0 && m[4] == 0 && m[1] != 0 && m[3] != 0;
}

class BoxWalk {
 public:
  explicit BoxWalk(BoundedReader& reader) : reader_(reader) {}

  Probed run() {
    bool sawMedia = false;
    std::optional<Box> moov;
    std::deque<Box> fragments;  // the last ones: each track is in one of them
    std::uint64_t at = 0;
    std::size_t count = 0;
    for (; count < mostParts; ++count) {
      std::optional<Box> box;
      try {
        box = boxAt(at, reader_.size(), Broken::isDamage, true);
      } catch (const Malformed&) {
        if (!moov) throw;  // what follows the index may be cut off
      }
      if (!box) break;
      at = box->end;
      if (box->type == name("mdat")) sawMedia = true;
      if (box->type == name("moof")) {
        sawMedia = true;
        fragments.push_back(*box);
        if (fragments.size() > 16) fragments.pop_front();
      }
      if (box->type == name("udta") || box->type == name("meta") || box->type == name("uuid")) readAbout(*box);
      if (box->type != name("moov") || moov) continue;
      moov = box;
      readMovie(*box);
      found_.info.faststart = !sawMedia;
      found_.info.fragmented = fragmented_;
    }
    if (!moov || (first(name("vide")) == nullptr && first(name("soun")) == nullptr)) throw Malformed{};
    if (fragmented_ && count < mostParts)
      for (const Box& fragment : fragments) readFragment(fragment);
    fill();
    return std::move(found_);
  }

 private:
  // Returns the box at `at`, or nothing at the end of the boxes. `isFile`: these are the boxes of the file itself, the
  // last of which may be cut off, unless it is the index.
  std::optional<Box> boxAt(std::uint64_t at, std::uint64_t end, Broken broken, bool isFile = false) {
    if (end - at < 8) return std::nullopt;
    const std::uint64_t ahead = isFile ? 16 : 4096;
    Cut head(reader_.at(at, 8, ahead));
    Box box{.start = at, .begin = at + 8};
    std::uint64_t size = head.word();
    box.type = head.word();
    if (size == 1) {
      if (end - at < 16) return broken == Broken::isDamage ? throw Malformed{} : std::nullopt;
      size = Cut(reader_.at(at + 8, 8, ahead)).number(8);
      box.begin += 8;
    }
    if (size == 0) {
      if (!isFile) return std::nullopt;  // QuickTime ends user data with a zero
      size = end - at;
    }
    const bool isCutOff = size > end - at;
    if (size < box.begin - at || (isCutOff && (!isFile || box.type == name("moov")))) {
      if (broken == Broken::isDamage) throw Malformed{};
      return std::nullopt;
    }
    box.end = isCutOff ? end : at + size;
    return box;
  }

  template <class Visit>
  void forEach(std::uint64_t begin, std::uint64_t end, Broken broken, const Visit& visit) {
    while (begin < end) {
      const auto box = boxAt(begin, end, broken);
      if (!box) return;
      visit(*box);
      begin = box->end;
    }
  }
  template <class Visit>
  void forEach(const Box& parent, Broken broken, const Visit& visit) {
    forEach(parent.begin, parent.end, broken, visit);
  }

  // The front of a box's content, at most `most` bytes.
  std::string_view front(const Box& box, std::uint64_t most) {
    return reader_.at(box.begin, std::min(box.size(), most));
  }

  void readMovie(const Box& moov) {
    if (moov.size() > longestIndex) throw Malformed{};
    forEach(moov, Broken::isDamage, [&](const Box& box) {
      switch (box.type) {
        case name("mvhd"): return readMovieHeader(box);
        case name("trak"):
          if (tracks_.size() < mostTracks) readTrack(box);
          return;
        case name("mvex"): return readExtends(box);
        default: return readAbout(box);
      }
    });
  }

  void readMovieHeader(const Box& box) {
    Cut cut(front(box, 112));
    const bool isLong = cut.word() >> 24 == 1;
    cut.skip(isLong ? 16 : 8);
    timescale_ = cut.word();
    duration_ = known(cut.number(isLong ? 8 : 4), isLong);
    cut.skip(16);
    isQuarterTurned_ = isQuarterTurn(cut.take(36));
  }

  // All bits set: not known.
  static std::uint64_t known(std::uint64_t duration, bool isLong) {
    return duration == (isLong ? UINT64_MAX : UINT32_MAX) ? 0 : duration;
  }

  void readTrack(const Box& trak) {
    Track track;
    forEach(trak, Broken::isDamage, [&](const Box& box) {
      if (box.type == name("tkhd")) readTrackHeader(box, track);
      if (box.type == name("mdia")) readMedia(box, track);
      readAbout(box);
      if (box.type == name("edts"))
        forEach(box, Broken::isDamage, [&](const Box& list) {
          if (list.type == name("elst")) readEdits(list, track);
        });
    });
    if (track.description) readDescription(track);
    tracks_.push_back(std::move(track));
  }

  void readTrackHeader(const Box& box, Track& track) {
    Cut cut(front(box, 96));
    const bool isLong = cut.word() >> 24 == 1;
    cut.skip(isLong ? 16 : 8);
    track.id = cut.word();
    cut.skip(4 + (isLong ? 8 : 4) + 16);
    track.isQuarterTurned = isQuarterTurn(cut.take(36));
    track.width = cut.word() >> 16;
    track.height = cut.word() >> 16;
  }

  void readEdits(const Box& box, Track& track) {
    Cut cut(front(box, longestText));
    const bool isLong = cut.word() >> 24 == 1;
    std::uint32_t count = cut.word();
    for (; count > 0 && cut.rest().size() >= (isLong ? 20U : 12U); --count) {
      track.edited += known(cut.number(isLong ? 8 : 4), isLong);
      cut.skip(isLong ? 12 : 8);
    }
    if (count > 0) track.edited = 0;  // too many to read
  }

  void readMedia(const Box& mdia, Track& track) {
    forEach(mdia, Broken::isDamage, [&](const Box& box) {
      if (box.type == name("mdhd")) {
        Cut cut(front(box, 36));
        const bool isLong = cut.word() >> 24 == 1;
        cut.skip(isLong ? 16 : 8);
        track.timescale = cut.word();
        track.duration = known(cut.number(isLong ? 8 : 4), isLong);
      } else if (box.type == name("hdlr")) {
        Cut cut(front(box, 12));
        cut.skip(8);
        track.handler = cut.word();
      } else if (box.type == name("minf")) {
        forEach(box, Broken::isDamage, [&](const Box& inner) {
          if (inner.type != name("stbl")) return;
          forEach(inner, Broken::isDamage, [&](const Box& table) {
            if (table.type == name("stsd")) track.description = table;
          });
        });
      }
    });
  }

  void readDescription(Track& track) {
    const Box& stsd = *track.description;
    Cut cut(front(stsd, 8));
    const bool isSecond = cut.word() >> 24 == 1;  // version 1 of ISO's audio sample entries
    const std::uint32_t count = cut.word();
    if (count == 0) return;
    if (track.handler != name("vide") && track.handler != name("soun")) return lookForSamples(stsd);
    const auto entry = boxAt(stsd.begin + 8, stsd.end, Broken::isDamage);
    if (!entry) throw Malformed{};
    track.format = entry->type;
    std::uint64_t inner = 0;
    if (track.handler == name("vide")) {
      Cut fields(front(*entry, 78));
      fields.skip(24);
      track.codedWidth = fields.number(2);
      track.codedHeight = fields.number(2);
      inner = 78;
    } else {
      Cut fields(front(*entry, 28));
      fields.skip(8);
      const std::uint64_t version = isSecond ? 0 : fields.number(2);
      inner = version == 1 ? 44 : version == 2 ? 64 : 28;
    }
    track.codec = nameOf(track.format);
    if (entry->size() > inner) readConfigurations(entry->begin + inner, entry->end, track);
  }

  // Does the work; what a part of a file that cannot be read would have said stays unknown.
  template <class Work>
  void tolerate(const Work& work) {
    try {
      work();
    } catch (const Malformed&) {
      if (reader_.isSpent()) throw;
    }
  }

  void readConfigurations(std::uint64_t begin, std::uint64_t end, Track& track) {
    forEach(begin, end, Broken::isEnd, [&](const Box& box) { tolerate([&] { readConfiguration(box, track); }); });
  }

  void readConfiguration(const Box& box, Track& track) {
    constexpr std::uint64_t enough = 256;
    const auto versioned = [&] {
      Cut cut(front(box, enough));
      cut.skip(4);
      return cut.rest();
    };
    const std::string own = track.codec;
    switch (box.type) {
      case name("avcC"): track.codec = avcCodec(own, front(box, enough)); return;
      case name("hvcC"): track.codec = hevcCodec(own, front(box, enough)); return;
      case name("av1C"): track.codec = av1Codec(front(box, enough)); return;
      case name("vpcC"): track.codec = vpCodec(own, versioned()); return;
      case name("esds"): track.codec = elementaryStreamCodec(own, versioned()); return;
      case name("wave"):
        if (track.handler == name("soun"))
          forEach(box, Broken::isEnd, [&](const Box& one) {
            if (one.type == name("esds") && one.size() > 4)
              track.codec = elementaryStreamCodec(own, front(one, enough).substr(4));
          });
        return;
      default: return;
    }
  }

  // ISO/IEC 14496-1: a tag, a length of seven bits a byte, the content.
  static Cut descriptor(Cut& cut, std::uint8_t tag) {
    if (cut.byte() != tag) throw Malformed{};
    std::uint64_t length = 0;
    for (int i = 0; i < 4; ++i) {
      const std::uint8_t byte = cut.byte();
      length = length << 7 | (byte & 0x7fU);
      if ((byte & 0x80) == 0) break;
    }
    return Cut(cut.take(std::min<std::uint64_t>(length, cut.rest().size())));
  }

  static std::string elementaryStreamCodec(const std::string& own, std::string_view content) {
    Cut outer(content);
    Cut stream = descriptor(outer, 3);
    stream.skip(2);
    const std::uint8_t flags = stream.byte();
    if (flags & 0x80) stream.skip(2);
    if (flags & 0x40) stream.skip(stream.byte());
    if (flags & 0x20) stream.skip(2);
    Cut decoder = descriptor(stream, 4);
    const std::uint8_t kind = decoder.byte();
    if (kind != 0x40 || own != "mp4a") return own + '.' + hex(kind);
    decoder.skip(12);
    return aacCodec(decoder.rest().empty() ? std::string_view() : descriptor(decoder, 5).rest());
  }

  static std::string hex(std::uint8_t byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    return {digits[byte >> 4], digits[byte & 15]};
  }

  // ---- where it was taken

  // A box that may say something about the file or a track.
  void readAbout(const Box& box) {
    tolerate([&] {
      if (box.type == name("udta")) readUserData(box);
      if (box.type == name("meta")) readMeta(box);
      if (box.type == name("uuid") && front(box, xmpUuid.size()) == xmpUuid && hasAny(box, placesInXml))
        addLocation(box);
    });
  }

  void readUserData(const Box& udta) {
    forEach(udta, Broken::isEnd, [&](const Box& box) {
      const bool isLocation = box.type == name("\251xyz") || box.type == name("loci");
      if (isLocation || (box.type == name("XMP_") && hasAny(box, placesInXml))) return addLocation(box);
      if (box.type != name("udta")) readAbout(box);  // one in another would be walked as deep as it goes
    });
  }

  // Whether a box has one of these texts, which are shorter than 64 bytes, in its first MiB.
  bool hasAny(const Box& box, std::span<const std::string_view> texts) {
    constexpr std::uint64_t piece = 64 << 10;
    constexpr std::uint64_t overlap = 64;
    const std::uint64_t end = std::min(box.end, box.begin + (1 << 20));
    for (std::uint64_t at = box.begin; at < end; at += piece) {
      const std::string_view bytes = reader_.at(at, std::min(piece + overlap, end - at));
      for (const std::string_view text : texts)
        if (bytes.find(text) != std::string_view::npos) return true;
    }
    return false;
  }

  // Tracks of samples that have positions: Apple's mebx if one of its keys does, and what cameras write.
  void lookForSamples(const Box& stsd) {
    constexpr std::string_view keys[] = {"location"};
    forEach(stsd.begin + 8, stsd.end, Broken::isEnd, [&](const Box& entry) {
      const bool isCamera = entry.type == name("gpmd") || entry.type == name("camm") || entry.type == name("djmd");
      if (isCamera || (entry.type == name("mebx") && hasAny(entry, keys))) found_.hasMoreLocation = true;
    });
  }

  // In QuickTime a plain box, in ISO's files one with version and flags.
  void readMeta(const Box& meta) {
    if (meta.size() < 8) return;
    const bool isPlain = Cut(front(meta, 8).substr(4)).word() == name("hdlr");
    std::optional<Box> keys;
    std::optional<Box> items;
    forEach(meta.begin + (isPlain ? 0 : 4), meta.end, Broken::isEnd, [&](const Box& box) {
      if (box.type == name("keys")) keys = box;
      if (box.type == name("ilst")) items = box;
      if (box.type == name("xml ") && hasAny(box, placesInXml)) addLocation(box);
    });
    if (!items) return;
    const std::set<std::uint32_t> wanted = keys ? locationKeys(*keys) : std::set<std::uint32_t>();
    forEach(*items, Broken::isEnd, [&](const Box& item) {
      if (wanted.contains(item.type) || item.type == name("\251xyz")) addLocation(item);
    });
  }

  // The numbers, from 1, of the keys that are about the location, such as com.apple.quicktime.location.ISO6709.
  std::set<std::uint32_t> locationKeys(const Box& keys) {
    constexpr std::size_t most = 1000;  // of them: as many items can be overwritten
    std::set<std::uint32_t> found;
    std::uint64_t at = keys.begin + 8;
    for (std::uint32_t number = 1; at + 8 <= keys.end && found.size() <= most; ++number) {
      Cut cut(reader_.at(at, 8));
      const std::uint64_t size = cut.word();
      if (size < 8 || size > keys.end - at) break;
      std::string text(reader_.at(at + 8, std::min(size - 8, longestText)));
      std::transform(text.begin(), text.end(), text.begin(), toLower);
      if (text.find("location") != std::string::npos) found.insert(number);
      at += size;
    }
    return found;
  }

  void addLocation(const Box& box) {
    constexpr std::size_t most = 1000;
    if (found_.location.size() >= most) {
      found_.hasMoreLocation = true;
      return;
    }
    std::string head(reader_.at(box.start, box.begin - box.start));
    head.replace(4, 4, "free");
    found_.location.push_back({box.start, box.end - box.start, std::move(head)});
  }

  // ---- fragments

  void readExtends(const Box& mvex) {
    fragmented_ = true;
    forEach(mvex, Broken::isDamage, [&](const Box& box) {
      if (box.type == name("mehd")) {
        Cut cut(front(box, 12));
        const bool isLong = cut.word() >> 24 == 1;
        duration_ = std::max(duration_, known(cut.number(isLong ? 8 : 4), isLong));
      } else if (box.type == name("trex")) {
        Cut cut(front(box, 24));
        cut.skip(4);
        const std::uint32_t track = cut.word();
        cut.skip(4);
        if (defaults_.size() < mostTracks) defaults_[track] = cut.word();
      }
    });
  }

  void readFragment(const Box& moof) try {
    forEach(moof, Broken::isEnd, [&](const Box& traf) {
      if (traf.type != name("traf")) return;
      Track* track = nullptr;
      std::uint64_t sampleDuration = 0;
      std::optional<std::uint64_t> end;
      forEach(traf, Broken::isEnd, [&](const Box& box) {
        Cut cut(front(box, 32));
        if (box.type == name("tfhd")) {
          const std::uint32_t flags = cut.word();
          const std::uint32_t id = cut.word();
          for (Track& one : tracks_)
            if (one.id == id) track = &one;
          sampleDuration = defaults_.contains(id) ? defaults_[id] : 0;
          cut.skip((flags & 1 ? 8 : 0) + (flags & 2 ? 4 : 0));
          if (flags & 8) sampleDuration = cut.word();
        } else if (box.type == name("tfdt")) {
          end = cut.word() >> 24 == 1 ? cut.number(8) : cut.word();
        } else if (box.type == name("trun") && end) {
          *end += runDuration(box, sampleDuration);
        }
      });
      if (track != nullptr && end) track->fragmentsEnd = std::max(track->fragmentsEnd, *end);
    });
  } catch (const Malformed&) {
    // The last one may be cut off.
  }

  std::uint64_t runDuration(const Box& trun, std::uint64_t sampleDuration) {
    Cut cut(front(trun, 16));
    const std::uint32_t flags = cut.word();
    const std::uint64_t count = cut.word();
    if ((flags & 0x100) == 0) return count * sampleDuration;
    const std::uint64_t each = 4U * ((flags >> 8 & 1) + (flags >> 9 & 1) + (flags >> 10 & 1) + (flags >> 11 & 1));
    std::uint64_t at = trun.begin + 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < count && at + each <= trun.end; ++i, at += each) sum += Cut(reader_.at(at, 4)).word();
    return sum;
  }

  // ---- the result

  void fill() {
    MediaInfo& info = found_.info;
    info.hasLocation = !found_.location.empty() || found_.hasMoreLocation;
    info.durationMs = milliseconds(static_cast<double>(duration_), timescale_);
    for (const Track& track : tracks_) {
      std::optional<std::int64_t> own;
      if (duration_ == 0)
        own = track.edited > 0 ? milliseconds(static_cast<double>(track.edited), timescale_)
                               : milliseconds(static_cast<double>(track.duration), track.timescale);
      const auto parts = milliseconds(static_cast<double>(track.fragmentsEnd), track.timescale);
      info.durationMs = std::max({info.durationMs, own, parts});
    }
    if (const Track* const video = first(name("vide"))) {
      const bool isCoded = video->codedWidth > 0 && video->codedHeight > 0;
      setSize(info, isCoded ? video->codedWidth : video->width, isCoded ? video->codedHeight : video->height,
              video->isQuarterTurned != isQuarterTurned_);
      if (!video->codec.empty()) info.videoCodec = video->codec;
    }
    if (const Track* const audio = first(name("soun")); audio != nullptr && !audio->codec.empty())
      info.audioCodec = audio->codec;
  }

  // The first track of this kind; a still picture only if there is no other.
  const Track* first(std::uint32_t handler) const {
    const Track* found = nullptr;
    for (const Track& track : tracks_) {
      if (track.handler != handler) continue;
      const bool isStill = track.format == name("jpeg") || track.format == name("png ");
      if (!isStill) return &track;
      if (found == nullptr) found = &track;
    }
    return found;
  }

  BoundedReader& reader_;
  Probed found_;
  std::uint32_t timescale_ = 0;
  std::uint64_t duration_ = 0;
  bool isQuarterTurned_ = false;
  bool fragmented_ = false;
  std::map<std::uint32_t, std::uint32_t> defaults_;
  std::vector<Track> tracks_;
};

}  // namespace

Probed walkBoxes(BoundedReader& reader) {
  return BoxWalk(reader).run();
}

}  // namespace video::media
