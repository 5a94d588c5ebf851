#include "media/codecs.hpp"

#include <fmt/format.h>

#include "media/file.hpp"

namespace video::media {

std::string avcCodec(std::string_view name, std::string_view record) {
  Cut cut(record);
  cut.skip(1);
  return fmt::format("{}.{:06x}", name, cut.number(3));
}

// ISO/IEC 14496-15, annex E.
std::string hevcCodec(std::string_view name, std::string_view record) {
  Cut cut(record);
  cut.skip(1);
  const std::uint8_t profile = cut.byte();
  std::uint32_t compatible = cut.word();
  std::string_view constraints = cut.take(6);
  const std::uint8_t level = cut.byte();
  std::uint32_t reversed = 0;
  for (int bit = 0; bit < 32; ++bit, compatible >>= 1) reversed = reversed << 1 | (compatible & 1);
  constexpr std::string_view spaces[] = {"", "A", "B", "C"};
  std::string text = fmt::format("{}.{}{}.{:X}.{}{}", name, spaces[profile >> 6], profile & 0x1f, reversed,
                                 profile & 0x20 ? 'H' : 'L', level);
  while (!constraints.empty() && constraints.back() == '\0') constraints.remove_suffix(1);
  for (const char c : constraints) text += fmt::format(".{:X}", static_cast<unsigned char>(c));
  return text;
}

// "AV1 Codec ISO Media File Format Binding", section 5.
std::string av1Codec(std::string_view record) {
  Cut cut(record);
  cut.skip(1);
  const std::uint8_t profile = cut.byte();
  const std::uint8_t flags = cut.byte();
  const int depth = (flags & 0x40) == 0 ? 8 : (flags & 0x20) != 0 && profile >> 5 == 2 ? 12 : 10;
  return fmt::format("av01.{}.{:02}{}.{:02}", profile >> 5, profile & 0x1f, flags & 0x80 ? 'H' : 'M', depth);
}

// "VP Codec ISO Media File Format Binding".
std::string vpCodec(std::string_view name, std::string_view record) {
  Cut cut(record);
  const std::uint8_t profile = cut.byte();
  const std::uint8_t level = cut.byte();
  return fmt::format("{}.{:02}.{:02}.{:02}", name, profile, level, cut.byte() >> 4);
}

// ISO/IEC 14496-3: five bits of object type, or 31 and six more bits.
std::string aacCodec(std::string_view config) {
  if (config.empty()) return "mp4a.40";
  Cut cut(config);
  const std::uint8_t first = cut.byte();
  unsigned type = first >> 3;
  if (type == 31) type = 32 + ((first & 7U) << 3 | cut.byte() >> 5);
  return fmt::format("mp4a.40.{}", type);
}

}  // namespace video::media
