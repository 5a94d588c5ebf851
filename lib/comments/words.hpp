#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "comments/comments.hpp"

namespace video {

/// Returns options with their words in folded case, as `hasWordOf` expects them.
inline std::shared_ptr<const CommentsOptions> withFoldedWords(CommentsOptions options) {
  for (std::string& word : options.words) word = foldedCase(word);
  return std::make_shared<const CommentsOptions>(std::move(options));
}

/// Returns whether a text has one of the words in it, ignoring case.
inline bool hasWordOf(const CommentsOptions& options, std::string_view content) {
  if (options.words.empty()) return false;
  const std::string folded = foldedCase(content);
  return std::any_of(options.words.begin(), options.words.end(),
                     [&](const std::string& word) { return folded.find(word) != std::string::npos; });
}

}  // namespace video
