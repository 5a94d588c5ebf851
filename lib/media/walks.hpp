#pragma once

#include "media/probe.hpp"

namespace video::media {

/// Walks the boxes of an mp4 or mov file (ISO/IEC 14496-12, QuickTime File Format). Throws Malformed.
Probed walkBoxes(BoundedReader& reader);

/// Walks the elements of a Matroska or WebM file (RFC 8794, RFC 9559). Throws Malformed.
Probed walkElements(BoundedReader& reader);

/// Sets width and height, swapped if the picture is shown turned by a quarter. Values that are not from 1 to 65535 are
/// left out.
void setSize(MediaInfo& info, std::uint64_t width, std::uint64_t height, bool quarterTurn);

/// Returns a duration of `units`, of which `perSecond` make a second, in milliseconds; nothing if that is not positive,
/// or over a thousand years.
std::optional<std::int64_t> milliseconds(double units, double perSecond);

/// Returns a name of a codec, without spaces around it; nothing unless it is of printable ASCII characters.
std::optional<std::string> printable(std::string_view name);

}  // namespace video::media
