#pragma once

#include <string_view>

#include "base/bytes.hpp"
#include "http/message.hpp"

namespace video::http {

/// What conditions lead to: go on, answer 304, or answer 412.
enum class Condition { proceed, notModified, failed };

/// Weighs If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since of a GET or HEAD in the order of
/// RFC 9110 §13.2.2. A date that cannot be read counts as absent.
Condition weigh(const Head& head, const ContentMeta& meta);

/// Whether the Range of a request counts: no If-Range, or one that holds (RFC 9110 §13.1.5: strong comparison; a date
/// must be exactly Last-Modified).
bool rangeApplies(const Head& head, const ContentMeta& meta);

}  // namespace video::http
