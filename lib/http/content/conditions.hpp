#pragma once

#include <string_view>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "http/message.hpp"

namespace video::http {

/// Result of the conditions of a request: go on, reply 304, or reply 412.
enum class Condition { proceed, notModified, failed };

/// Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since of a GET or HEAD request in the order
/// of RFC 9110 §13.2.2. Ignores a date that cannot be parsed.
Condition weigh(const Head& head, const ContentMeta& meta);

/// Returns whether to honour the Range of a request: there is no If-Range, or it matches (RFC 9110 §13.1.5: strong
/// comparison). A date must be exactly Last-Modified, and that second must be over at `now`: until then the content may
/// change once more under the same date (§8.8.2.2).
bool rangeApplies(const Head& head, const ContentMeta& meta, Time now);

/// Returns the content's modification time in whole seconds, as Last-Modified has it.
Time lastModifiedOf(const ContentMeta& meta) noexcept;

}  // namespace video::http
