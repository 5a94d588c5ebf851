#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace video::web {

/// The values of a template, by name.
using Values = std::map<std::string, std::string, std::less<>>;

/// Appends text with the characters that mean something in HTML escaped, also for quoted attributes.
void appendHtml(std::string& to, std::string_view text);

/// An HTML page with places for values: `{{name}}` is the value, escaped; `{{{name}}}` the value as it is;
/// `{{#name}}…{{/name}}` is there if the value is not empty, `{{^name}}…{{/name}}` if it is. It may be used from any
/// thread.
class Template {
 public:
  /// Calls `resolve(word, rest)` for each place `{{word rest}}` of two words, once, and puts in what it returns.
  Template(std::string_view text, const std::function<std::string(std::string_view, std::string_view)>& resolve);

  /// Returns the page with each name replaced by its value in `values`, else in `others`, else by nothing.
  std::string fill(const Values& values, const Values& others = {}) const;

 private:
  enum class Kind { text, escaped, raw, ifSet, ifEmpty, end };
  struct Piece {
    Kind kind;
    std::string text;
  };
  std::vector<Piece> pieces_;
};

}  // namespace video::web
