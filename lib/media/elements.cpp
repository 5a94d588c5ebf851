#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <vector>

#include "media/codecs.hpp"
#include "media/walks.hpp"

namespace video::media {
namespace {

// The IDs of RFC 8794 and RFC 9559, with their length marker.
namespace ids {
constexpr std::uint32_t ebml = 0x1a45dfa3;
constexpr std::uint32_t crc = 0xbf;
constexpr std::uint32_t padding = 0xec;
constexpr std::uint32_t segment = 0x18538067;
constexpr std::uint32_t seekHead = 0x114d9b74;
constexpr std::uint32_t seek = 0x4dbb;
constexpr std::uint32_t seekId = 0x53ab;
constexpr std::uint32_t seekPosition = 0x53ac;
constexpr std::uint32_t info = 0x1549a966;
constexpr std::uint32_t timestampScale = 0x2ad7b1;
constexpr std::uint32_t duration = 0x4489;
constexpr std::uint32_t tracks = 0x1654ae6b;
constexpr std::uint32_t trackEntry = 0xae;
constexpr std::uint32_t trackNumber = 0xd7;
constexpr std::uint32_t trackType = 0x83;
constexpr std::uint32_t codecId = 0x86;
constexpr std::uint32_t codecPrivate = 0x63a2;
constexpr std::uint32_t defaultDuration = 0x23e383;
constexpr std::uint32_t video = 0xe0;
constexpr std::uint32_t pixelWidth = 0xb0;
constexpr std::uint32_t pixelHeight = 0xba;
constexpr std::uint32_t projection = 0x7670;
constexpr std::uint32_t projectionRoll = 0x7675;
constexpr std::uint32_t tags = 0x1254c367;
constexpr std::uint32_t tag = 0x7373;
constexpr std::uint32_t simpleTag = 0x67c8;
constexpr std::uint32_t tagName = 0x45a3;
constexpr std::uint32_t cluster = 0x1f43b675;
constexpr std::uint32_t timestamp = 0xe7;
constexpr std::uint32_t simpleBlock = 0xa3;
constexpr std::uint32_t blockGroup = 0xa0;
constexpr std::uint32_t block = 0xa1;
constexpr std::uint32_t blockDuration = 0x9b;
}  // namespace ids

struct Element {
  std::uint32_t id = 0;
  std::uint64_t start = 0;  // of its ID
  std::uint64_t begin = 0;  // of its content
  std::uint64_t end = 0;
  bool isUnknownSize = false;
  bool isCutOff = false;
  std::uint64_t size() const { return end - begin; }
};

struct Stream {
  std::uint64_t number = 0;
  std::uint64_t type = 0;
  std::string codecId;
  std::string codecPrivate;  // its front
  std::uint64_t width = 0;
  std::uint64_t height = 0;
  double roll = 0;
  std::uint64_t frame = 0;  // nanoseconds
};

std::uint64_t unsignedOf(std::string_view bytes) {
  if (bytes.size() > 8) throw Malformed{};
  return Cut(bytes).number(bytes.size());
}

double floatOf(std::string_view bytes) {
  if (bytes.empty()) return 0;
  if (bytes.size() == 4) return std::bit_cast<float>(static_cast<std::uint32_t>(unsignedOf(bytes)));
  if (bytes.size() == 8) return std::bit_cast<double>(unsignedOf(bytes));
  throw Malformed{};
}

// The codecs that have a name in RFC 6381, or a common one; otherwise the Matroska codec ID is the name.
std::string codecOf(const Stream& stream) {
  const std::string_view id = stream.codecId;
  const std::string_view record = stream.codecPrivate;
  if (id == "V_MPEG4/ISO/AVC") return record.empty() ? "avc1" : avcCodec("avc1", record);
  if (id == "V_MPEGH/ISO/HEVC") return record.empty() ? "hvc1" : hevcCodec("hvc1", record);
  if (id == "V_AV1") return record.empty() ? "av01" : av1Codec(record);
  if (id == "A_AAC") return aacCodec(record);
  if (id.starts_with("A_AAC/")) return "mp4a.40.2";
  if (id.starts_with("A_PCM/")) return "pcm";
  if (id.starts_with("A_DTS")) return "dts";
  if (id.starts_with("V_MPEG4/ISO/")) return "mp4v.20";
  constexpr std::pair<std::string_view, std::string_view> others[] = {
      {"V_VP8", "vp8"},   {"V_VP9", "vp9"},       {"V_THEORA", "theora"}, {"V_MPEG2", "mpeg2"}, {"V_MPEG1", "mpeg1"},
      {"A_OPUS", "opus"}, {"A_VORBIS", "vorbis"}, {"A_FLAC", "flac"},     {"A_MPEG/L3", "mp3"}, {"A_AC3", "ac-3"},
      {"A_EAC3", "ec-3"}, {"A_TRUEHD", "mlpa"},   {"A_ALAC", "alac"}};
  for (const auto& [known, name] : others)
    if (id == known) return std::string(name);
  return std::string(id);
}

class ElementWalk {
 public:
  explicit ElementWalk(BoundedReader& reader) : reader_(reader) {}

  Probed run() {
    const auto head = elementAt(0, reader_.size());
    if (!head || head->id != ids::ebml) throw Malformed{};
    const auto segment = elementAt(head->end, reader_.size());
    if (!segment || segment->id != ids::segment) throw Malformed{};
    segment_ = *segment;
    std::uint64_t at = segment_.begin;
    for (std::size_t count = 0; at < segment_.end && count < mostParts; ++count) {
      const auto element = elementAt(at, segment_.end);
      if (!element) break;
      if (element->id == ids::cluster) {
        firstCluster_ = element->start;
        break;
      }
      if (element->isUnknownSize) throw Malformed{};
      readPart(*element);
      at = element->end;
    }
    // What writers put at the end: the parts that a SeekHead points to, and those behind them. A part may be a
    // SeekHead.
    for (std::size_t next = 0; next < seeks_.size(); ++next) {
      const Seek seek = seeks_[next];
      if (seek.position >= segment_.end - segment_.begin || segment_.begin + seek.position < at) continue;
      readPartsFrom(segment_.begin + seek.position, seek.id);
    }
    if (std::none_of(streams_.begin(), streams_.end(),
                     [](const Stream& one) { return one.type == 1 || one.type == 2; }))
      throw Malformed{};
    fill();
    return std::move(found_);
  }

 private:
  static constexpr std::size_t mostParts = 10'000;
  static constexpr std::size_t mostStreams = 64;
  static constexpr std::size_t mostSeeks = 1000;
  static constexpr std::uint64_t longestPart = 64ULL << 20;

  struct Seek {
    std::uint64_t id = 0;
    std::uint64_t position = 0;  // in the segment
  };

  // Returns the element at `at`, or nothing if not even one byte of it is there. One that goes on behind `end` is cut
  // off.
  std::optional<Element> elementAt(std::uint64_t at, std::uint64_t end, std::uint64_t ahead = 4096) {
    if (at >= end) return std::nullopt;
    constexpr std::uint64_t longest = 12;
    const std::string_view bytes = reader_.at(at, std::min(longest, end - at), ahead);
    Cut cut(bytes);
    Element element{.start = at};
    const int idLength = lengthOf(cut.rest(), 4);
    element.id = static_cast<std::uint32_t>(cut.number(static_cast<std::size_t>(idLength)));
    const int sizeLength = lengthOf(cut.rest(), 8);
    const std::uint64_t values = (1ULL << 7 * sizeLength) - 1;
    const std::uint64_t size = cut.number(static_cast<std::size_t>(sizeLength)) & values;
    element.begin = at + bytes.size() - cut.rest().size();
    element.isUnknownSize = size == values;
    element.isCutOff = !element.isUnknownSize && size > end - element.begin;
    element.end = element.isUnknownSize || element.isCutOff ? end : element.begin + size;
    return element;
  }

  // The length of a variable-size integer, from the zero bits before its first one.
  static int lengthOf(std::string_view bytes, int most) {
    if (bytes.empty()) throw Malformed{};
    const int length = std::countl_zero(static_cast<unsigned char>(bytes.front())) + 1;
    if (length > most) throw Malformed{};
    return length;
  }

  template <class Visit>
  void forEach(const Element& parent, const Visit& visit) {
    for (std::uint64_t at = parent.begin; at < parent.end;) {
      const auto element = elementAt(at, parent.end);
      if (!element || element->isUnknownSize || element->isCutOff) throw Malformed{};
      visit(*element);
      at = element->end;
    }
  }

  std::string_view front(const Element& element, std::uint64_t most) {
    return reader_.at(element.begin, std::min(element.size(), most));
  }
  std::uint64_t unsignedAt(const Element& element) { return unsignedOf(front(element, 9)); }

  // Reads the part at `start`, which should have this ID, and those that follow it.
  void readPartsFrom(std::uint64_t start, std::uint64_t id) {
    for (std::size_t count = 0; count < mostParts && !behind_.contains(start); ++count) {
      std::optional<Element> element;
      try {
        element = elementAt(start, segment_.end);
      } catch (const Malformed&) {
        if (reader_.isSpent()) throw;  // otherwise the position is a wrong one
      }
      const bool isOther = !element || (count == 0 && element->id != id);
      if (isOther || element->id == ids::cluster || element->isUnknownSize) return;
      behind_.insert(start);
      if (count == 0 || element->id == ids::tags) readPart(*element);
      start = element->end;
    }
  }

  void readPart(const Element& part) {
    const bool isKnown =
        part.id == ids::seekHead || part.id == ids::info || part.id == ids::tracks || part.id == ids::tags;
    if (!isKnown) return;
    const bool isFirst = seen_.insert(part.id).second;
    if (!isFirst && (part.id == ids::info || part.id == ids::tracks)) return;
    if (part.isUnknownSize || part.isCutOff || part.size() > longestPart) throw Malformed{};
    if (part.id == ids::seekHead) readSeekHead(part);
    if (part.id == ids::info) readInfo(part);
    if (part.id == ids::tracks) readTracks(part);
    if (part.id == ids::tags) readTags(part);
  }

  void readSeekHead(const Element& part) {
    forEach(part, [&](const Element& seek) {
      if (seek.id != ids::seek) return;
      std::uint64_t id = 0;
      std::uint64_t position = 0;
      forEach(seek, [&](const Element& one) {
        if (one.id == ids::seekId) id = unsignedAt(one);
        if (one.id == ids::seekPosition) position = unsignedAt(one);
      });
      if (seeks_.size() < mostSeeks) seeks_.push_back({id, position});
    });
  }

  void readInfo(const Element& part) {
    forEach(part, [&](const Element& one) {
      if (one.id == ids::timestampScale) scale_ = unsignedAt(one);
      if (one.id == ids::duration) duration_ = floatOf(front(one, 9));
    });
  }

  void readTracks(const Element& part) {
    forEach(part, [&](const Element& entry) {
      if (entry.id != ids::trackEntry || streams_.size() >= mostStreams) return;
      Stream stream;
      forEach(entry, [&](const Element& one) {
        switch (one.id) {
          case ids::trackNumber: stream.number = unsignedAt(one); return;
          case ids::trackType: stream.type = unsignedAt(one); return;
          case ids::codecId: stream.codecId = front(one, 64); return;
          case ids::codecPrivate: stream.codecPrivate = front(one, 256); return;
          case ids::defaultDuration: stream.frame = unsignedAt(one); return;
          case ids::video: readPicture(one, stream); return;
          default: return;
        }
      });
      streams_.push_back(std::move(stream));
    });
  }

  void readPicture(const Element& picture, Stream& stream) {
    forEach(picture, [&](const Element& one) {
      if (one.id == ids::pixelWidth) stream.width = unsignedAt(one);
      if (one.id == ids::pixelHeight) stream.height = unsignedAt(one);
      if (one.id == ids::projection)
        forEach(one, [&](const Element& inner) {
          if (inner.id == ids::projectionRoll) stream.roll = floatOf(front(inner, 9));
        });
    });
  }

  // ---- where it was taken: tags such as LOCATION, RECORDING_LOCATION and what ffmpeg makes of those of a phone

  void readTags(const Element& part) {
    std::optional<Element> check;
    forEach(part, [&](const Element& tag) {
      if (tag.id == ids::crc) check = tag;
      if (tag.id != ids::tag) return;
      std::optional<Element> inner;
      forEach(tag, [&](const Element& one) {
        if (one.id == ids::crc) inner = one;
        if (one.id != ids::simpleTag || !isLocation(one)) return;
        addLocation(one);
        for (std::optional<Element>* const sum : {&check, &inner}) {  // those would no longer be right
          if (*sum) addLocation(**sum);
          sum->reset();
        }
      });
    });
  }

  bool isLocation(const Element& simpleTag) {
    bool is = false;
    forEach(simpleTag, [&](const Element& one) {
      if (one.id != ids::tagName) return;
      std::string name(front(one, 256));
      std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
      is = is || name.find("LOCATION") != std::string::npos;
    });
    return is;
  }

  void addLocation(const Element& element) {
    constexpr std::size_t most = 1000;
    if (found_.location.size() >= most) {
      found_.hasMoreLocation = true;
      return;
    }
    const std::uint64_t size = element.end - element.start;
    std::string padding(1, static_cast<char>(ids::padding));
    if (size < 10) {
      padding += static_cast<char>(0x80 | (size - 2));
    } else {
      padding += '\x01';
      for (int shift = 48; shift >= 0; shift -= 8) padding += static_cast<char>((size - 9) >> shift & 0xff);
    }
    found_.location.push_back({element.start, size, std::move(padding)});
  }

  // ---- the duration of a file that was written as it was recorded: from the last cluster

  std::optional<std::int64_t> lastEnd() {
    if (!firstCluster_) return std::nullopt;
    constexpr std::uint64_t piece = 256 << 10;
    constexpr std::uint64_t farthest = 16 << 20;
    constexpr std::string_view mark = "\x1f\x43\xb6\x75";
    const std::uint64_t end = segment_.end;
    const std::uint64_t first = std::max(*firstCluster_, end > farthest ? end - farthest : 0);
    for (std::uint64_t from = end; from > first;) {
      const std::uint64_t to = std::min(from + mark.size() - 1, end);
      from = std::max(first, from > piece ? from - piece : 0);
      const std::string bytes(reader_.at(from, to - from));
      for (std::size_t at = bytes.rfind(mark); at != std::string::npos;
           at = at > 0 ? bytes.rfind(mark, at - 1) : std::string::npos)
        if (const auto found = endOfCluster(from + at)) return found;
    }
    return std::nullopt;
  }

  // When the last frame of a cluster ends; nothing if that is none.
  std::optional<std::int64_t> endOfCluster(std::uint64_t start) {
    std::optional<std::uint64_t> base;
    double end = 0;
    try {
      const auto cluster = elementAt(start, segment_.end);
      if (!cluster) return std::nullopt;
      for (std::uint64_t at = cluster->begin; at < cluster->end;) {
        const auto one = elementAt(at, cluster->end, 32);
        if (!one) break;
        if (one->id == ids::timestamp) {
          base = unsignedAt(*one);
        } else if (one->id == ids::simpleBlock || one->id == ids::blockGroup) {
          if (!base) return std::nullopt;
          end = std::max(end, one->id == ids::simpleBlock ? endOfBlock(*one, *base) : endOfGroup(*one, *base));
        } else if (one->id == ids::cluster || (one->id & 0xf0000000) == 0x10000000) {
          break;  // the next part of the segment
        } else if (!base && one->id != ids::crc && one->id != ids::padding) {
          return std::nullopt;
        }
        at = one->end;
      }
    } catch (const Malformed&) {
      if (reader_.isSpent()) throw;  // otherwise it is cut off
    }
    return base ? milliseconds(end, 1e9) : std::nullopt;
  }

  double endOfBlock(const Element& block, std::uint64_t base, std::optional<std::uint64_t> duration = {}) {
    Cut cut(reader_.at(block.begin, std::min<std::uint64_t>(block.size(), 10), 32));
    const auto length = static_cast<std::size_t>(lengthOf(cut.rest(), 8));
    const std::uint64_t number = cut.number(length) & ((1ULL << 7 * length) - 1);
    const auto relative = static_cast<std::int16_t>(cut.number(2));
    std::uint64_t frame = 0;
    for (const Stream& stream : streams_)
      if (stream.number == number) frame = stream.frame;
    const double scale = static_cast<double>(scale_);
    return (static_cast<double>(base) + relative) * scale +
           (duration ? static_cast<double>(*duration) * scale : static_cast<double>(frame));
  }

  double endOfGroup(const Element& group, std::uint64_t base) {
    std::optional<Element> block;
    std::optional<std::uint64_t> duration;
    for (std::uint64_t at = group.begin; at < group.end;) {
      const auto one = elementAt(at, group.end, 32);
      if (!one) break;
      if (one->id == ids::block) block = one;
      if (one->id == ids::blockDuration) duration = unsignedAt(*one);
      at = one->end;
    }
    return block ? endOfBlock(*block, base, duration) : 0;
  }

  // ---- the result

  void fill() {
    MediaInfo& info = found_.info;
    info.hasLocation = !found_.location.empty() || found_.hasMoreLocation;
    constexpr std::uint64_t video = 1;
    constexpr std::uint64_t audio = 2;
    for (const Stream& stream : streams_) {
      if (stream.type == video && !info.videoCodec) {
        info.videoCodec = printable(codecOf(stream));
        setSize(info, stream.width, stream.height, stream.roll == 90 || stream.roll == -90 || stream.roll == 270);
      }
      if (stream.type == audio && !info.audioCodec) info.audioCodec = printable(codecOf(stream));
    }
    info.durationMs = duration_ > 0 ? milliseconds(duration_ * static_cast<double>(scale_), 1e9) : lastEnd();
  }

  BoundedReader& reader_;
  Probed found_;
  Element segment_;
  std::optional<std::uint64_t> firstCluster_;
  std::vector<Seek> seeks_;
  std::set<std::uint32_t> seen_;     // the IDs of the parts that were read
  std::set<std::uint64_t> behind_;   // where those begin that were looked at by way of seeks_
  std::uint64_t scale_ = 1'000'000;  // nanoseconds in a timestamp's unit
  double duration_ = 0;
  std::vector<Stream> streams_;
};

}  // namespace

Probed walkElements(BoundedReader& reader) {
  return ElementWalk(reader).run();
}

}  // namespace video::media
