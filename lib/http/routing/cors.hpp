#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace video::http {

/// Cross-origin resource sharing: which replies a browser lets pages of other origins read (the Fetch standard, "CORS
/// protocol"). Pages of the listed origins may read every reply, and may send credentials; pages of all other origins
/// may read contents that anyone may read.
namespace cors {

/// Returns the header fields of a request that the server reads and that a page may set, as a list.
const std::string& readHeaders();
/// Returns the header fields of a reply that the server writes and that a page can only read if they are named.
const std::string& writtenHeaders();

/// Lets pages read `answer`. `head` is the request, or null if it has none.
void share(const Head* head, const std::vector<std::string>& origins, Answer& answer);

/// Answers a preflight request: what a page of another origin may send to a path with the methods `allow`, if the
/// request asks that. `isContent`: contents are read there.
void answerPreflight(const Head& head, const std::vector<std::string>& origins, std::string_view allow, bool isContent,
                     Answer& answer);

}  // namespace cors

}  // namespace video::http
