#include "web/templates.hpp"

#include <algorithm>

namespace video::web {

void appendHtml(std::string& to, std::string_view text) {
  std::size_t plain = 0;  // where the characters begin that are not appended yet
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char* reference = nullptr;
    switch (text[at]) {
      case '&': reference = "&amp;"; break;
      case '<': reference = "&lt;"; break;
      case '>': reference = "&gt;"; break;
      case '"': reference = "&quot;"; break;
      case '\'': reference = "&#39;"; break;
      default: continue;
    }
    to.append(text, plain, at - plain).append(reference);
    plain = at + 1;
  }
  to.append(text, plain);
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

std::string Template::fill(const Values& values, const Values& others) const {
  std::string page;
  const auto find = [&](const std::string& name) -> std::string_view {
    if (const auto found = values.find(name); found != values.end()) return found->second;
    const auto found = others.find(name);
    return found == others.end() ? std::string_view() : std::string_view(found->second);
  };
  std::size_t hidden = 0;  // number of enclosing sections that are left out
  std::vector<bool> sections;
  for (const Piece& piece : pieces_) {
    // What is left out needs no value, and only its sections count.
    const bool isSection = piece.kind == Kind::ifSet || piece.kind == Kind::ifEmpty || piece.kind == Kind::end;
    if (hidden > 0 && !isSection) continue;
    const std::string_view value =
        piece.kind == Kind::text || piece.kind == Kind::end ? std::string_view() : find(piece.text);
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
      case Kind::text: page += piece.text; break;
      case Kind::raw: page += value; break;
      case Kind::escaped: appendHtml(page, value); break;
    }
  }
  return page;
}

}  // namespace video::web
