#include "web/templates.hpp"

#include <algorithm>

namespace video::web {

void appendHtml(std::string& to, std::string_view text) {
  for (const char c : text) switch (c) {
      case '&': to += "&amp;"; break;
      case '<': to += "&lt;"; break;
      case '>': to += "&gt;"; break;
      case '"': to += "&quot;"; break;
      case '\'': to += "&#39;"; break;
      default: to += c;
    }
}

Template::Template(std::string_view text,
                   const std::function<std::string(std::string_view, std::string_view)>& resolve) {
  std::string plain;
  const auto flush = [&] {
    if (!plain.empty()) pieces_.push_back({Kind::text, std::move(plain)});
    plain.clear();
  };
  while (!text.empty()) {
    const std::size_t begin = std::min(text.find("{{"), text.size());
    plain += text.substr(0, begin);
    text.remove_prefix(begin);
    if (text.empty()) break;
    const bool isRaw = text.starts_with("{{{");
    const std::size_t braces = isRaw ? 3 : 2;
    const std::size_t end = std::min(text.find(isRaw ? "}}}" : "}}", braces), text.size());
    std::string_view place = text.substr(braces, end - braces);
    text.remove_prefix(std::min(text.size(), end + braces));
    if (const std::size_t space = place.find(' '); space != std::string_view::npos) {
      plain += resolve(place.substr(0, space), place.substr(space + 1));
      continue;
    }
    flush();
    Kind kind = isRaw ? Kind::raw : Kind::escaped;
    if (place.starts_with('#')) kind = Kind::ifSet;
    if (place.starts_with('^')) kind = Kind::ifEmpty;
    if (place.starts_with('/')) kind = Kind::end;
    if (kind != Kind::raw && kind != Kind::escaped) place.remove_prefix(1);
    pieces_.push_back({kind, std::string(place)});
  }
  flush();
}

std::string Template::fill(const Values& values) const {
  std::string page;
  std::size_t hidden = 0;  // number of enclosing sections that are left out
  std::vector<bool> sections;
  for (const Piece& piece : pieces_) {
    const auto found = piece.kind == Kind::text ? values.end() : values.find(piece.text);
    const std::string_view value = found == values.end() ? std::string_view() : std::string_view(found->second);
    switch (piece.kind) {
      case Kind::ifSet:
      case Kind::ifEmpty:
        sections.push_back(value.empty() == (piece.kind == Kind::ifSet));
        hidden += sections.back() ? 1 : 0;
        break;
      case Kind::end:
        if (sections.empty()) break;
        hidden -= sections.back() ? 1 : 0;
        sections.pop_back();
        break;
      case Kind::text:
        if (hidden == 0) page += piece.text;
        break;
      case Kind::raw:
        if (hidden == 0) page += value;
        break;
      case Kind::escaped:
        if (hidden == 0) appendHtml(page, value);
        break;
    }
  }
  return page;
}

}  // namespace video::web
