#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"
#include "web/templates.hpp"
#include "web/web.hpp"

namespace video::web {

/// A reply in the content codings that a client may ask for (RFC 9110 §8.4.1), with the strong ETag of each. A coding
/// that is not available is empty.
struct Encoded {
  std::shared_ptr<const std::string> plain;
  std::shared_ptr<const std::string> gzip;
  std::shared_ptr<const std::string> brotli;
  std::string tag;  ///< of all of them; an ETag is this and the coding
};

/// Returns a text with its gzip form.
Encoded encodedOf(std::string text);

/// Answers with the coding that the client prefers, or with 304.
void answerEncoded(const http::Head& head, const Encoded& encoded, http::Answer& answer);

/// The pages of the site in each language, filled with the options. May be used from any thread.
class Pages {
 public:
  static constexpr std::array<std::string_view, 2> languages{"en", "zh-CN"};
  static constexpr std::array<std::string_view, 3> themes{"auto", "light", "dark"};

  /// How a page is shown to a reader: indexes into `languages` and `themes`.
  struct Look {
    std::size_t language = 0;
    std::size_t theme = 0;
  };

  /// `features` are the parts of the API that the pages may use.
  Pages(const WebOptions& options, const std::string& features);

  /// Returns what the reader has chosen (cookies `lang` and `theme`), or what the browser asks for.
  static Look lookOf(const http::Head& head);
  /// Returns a page with these values.
  std::string fill(std::string_view page, Look look, Values values) const;
  /// Returns a text of the page in the reader's language; the key itself if there is no such text.
  std::string text(Look look, const std::string& key) const;

 private:
  struct Language {
    std::map<std::string, std::string> texts;
    std::map<std::string, Template, std::less<>> pages;
  };
  Values site_;
  std::array<Language, languages.size()> languages_;
};

}  // namespace video::web
