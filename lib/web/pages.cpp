#include "web/pages.hpp"

#include <fmt/format.h>

#include <zlib.h>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "http/content/conditions.hpp"
#include "http/header_values.hpp"
#include "http/routing/caller.hpp"
#include "web/assets.hpp"

namespace video::web {
namespace {

std::string gzipOf(const std::string& text) {
  z_stream stream{};
  constexpr int gzipWindow = 15 + 16;  // as zlib.h has it
  if (::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzipWindow, 9, Z_DEFAULT_STRATEGY) != Z_OK)
    throw Error(Fault::internal, "zlib: cannot start compressing");
  std::string packed(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = ::deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (result != Z_STREAM_END) throw Error(Fault::internal, "zlib: cannot compress");
  return packed;
}

std::string contentOf(std::string_view name) {
  const Asset* const asset = findAsset(name);
  if (asset == nullptr) throw Error(Fault::internal, fmt::format("page {}: not built in", name));
  return std::string(asset->content);
}

std::string pathOf(std::string_view served) {
  return fmt::format("/assets/{}", served);
}

// What replaces a placeholder of two words: a text, the URL of a file, or the links that preload a module.
std::string resolve(const std::map<std::string, std::string>& texts, std::string_view word, std::string_view rest) {
  std::string to;
  if (word == "t") {
    const auto found = texts.find(std::string(rest));
    appendHtml(to, found == texts.end() ? rest : std::string_view(found->second));
    return to;
  }
  const Asset* const asset = findAsset(rest);
  if (asset == nullptr) throw Error(Fault::internal, fmt::format("page: no file {}", rest));
  if (word == "asset") return pathOf(asset->served);
  for (const std::string_view import : asset->imports)
    to += fmt::format("<link rel=\"modulepreload\" href=\"{}\">\n", pathOf(import));
  return to + fmt::format("<script type=\"module\" src=\"{}\"></script>", pathOf(asset->served));
}

}  // namespace

Encoded encodedOf(std::string text) {
  Sha256 hash;
  hash.add(std::as_bytes(std::span(text)));
  Encoded encoded;
  encoded.tag = hash.hex().substr(0, 20);
  encoded.gzip = std::make_shared<const std::string>(gzipOf(text));
  encoded.plain = std::make_shared<const std::string>(std::move(text));
  return encoded;
}

void answerEncoded(const http::Head& head, const Encoded& encoded, http::Answer& answer) {
  const std::string_view accepted = head.header("Accept-Encoding");
  const double any = http::weightOf(accepted, "*").value_or(0);
  const auto weight = [&](const std::shared_ptr<const std::string>& content, std::string_view coding) {
    return content && !content->empty() ? http::weightOf(accepted, coding).value_or(any) : 0;
  };
  const double brotli = weight(encoded.brotli, "br");
  const double gzip = weight(encoded.gzip, "gzip");
  std::shared_ptr<const std::string> content = encoded.plain;
  std::string_view coding;
  if (brotli > 0 && brotli >= gzip) {
    content = encoded.brotli;
    coding = "br";
  } else if (gzip > 0) {
    content = encoded.gzip;
    coding = "gzip";
  }
  ContentMeta meta;
  meta.etag = fmt::format("\"{}{}{}\"", encoded.tag, coding.empty() ? "" : "-", coding);
  answer.set("ETag", meta.etag);
  switch (http::weigh(head, meta)) {
    case http::Condition::failed: throw Error(Fault::preconditionFailed, "page: has another version");
    case http::Condition::notModified: answer.status = 304; return;
    case http::Condition::proceed: break;
  }
  if (!coding.empty()) answer.set("Content-Encoding", std::string(coding));
  answer.content.push_back({{}, nullptr, 0, 0, std::move(content)});
}

Pages::Pages(const WebOptions& options, const std::string& features) {
  site_ = {{"site", options.name},
           {"contact", options.contact},
           {"imprint", options.imprint},
           {"terms", options.terms},
           {"privacy", options.privacy},
           {"features", features},
           {"logo", options.logo.empty() ? "" : "1"},
           {"registration", options.registrationIsOpen ? "1" : ""}};
  if (features.find("search") != std::string::npos) site_["search"] = "1";
  const std::string layout = contentOf("layout.html");
  for (std::size_t index = 0; index < languages.size(); ++index) {
    Language& language = languages_[index];
    const auto texts = nlohmann::json::parse(contentOf(fmt::format("{}.json", languages[index])));
    for (const auto& [key, value] : texts.items()) language.texts[key] = value.get<std::string>();
    const auto resolveHere = [&](std::string_view word, std::string_view rest) {
      return resolve(language.texts, word, rest);
    };
    for (const Asset& asset : assets()) {
      if (!asset.name.ends_with(".html") || asset.name == "layout.html") continue;
      std::string page(asset.content);
      if (asset.name != "embed.html") {
        page = layout;
        constexpr std::string_view place = "{{main}}";
        page.replace(page.find(place), place.size(), asset.content);
      }
      const std::string_view name = asset.name.substr(0, asset.name.find('.'));
      language.pages.emplace(std::string(name), Template(page, resolveHere));
    }
  }
}

Pages::Look Pages::lookOf(const http::Head& head) {
  Look look;
  const auto indexOf = [](const auto& list, std::string_view wanted) {
    return static_cast<std::size_t>(std::find(list.begin(), list.end(), wanted) - list.begin());
  };
  const std::size_t theme = indexOf(themes, http::cookieOf(head, "theme"));
  look.theme = theme == themes.size() ? 0 : theme;
  const std::size_t chosen = indexOf(languages, http::cookieOf(head, "lang"));
  if (chosen != languages.size()) {
    look.language = chosen;
    return look;
  }
  double best = 0;
  http::forEachItem(head.header("Accept-Language"), [&](std::string_view item) {
    const std::string_view tag = trimmed(item.substr(0, item.find(';')));
    const double weight = http::weightOf(item, tag).value_or(0);
    for (std::size_t index = 0; index < languages.size(); ++index) {
      const std::string_view primary = languages[index].substr(0, 2);
      if (weight > best && equalWithoutCase(tag.substr(0, 2), primary) && (tag.size() == 2 || tag[2] == '-')) {
        look.language = index;
        best = weight;
      }
    }
  });
  return look;
}

std::string Pages::fill(std::string_view page, Look look, Values values) const {
  const Language& language = languages_[look.language];
  values["lang"] = languages[look.language];
  values["theme"] = themes[look.theme];
  values["chinese"] = look.language == 1 ? "1" : "";
  return language.pages.find(page)->second.fill(values, site_);
}

std::string Pages::text(Look look, const std::string& key) const {
  const auto& texts = languages_[look.language].texts;
  const auto found = texts.find(key);
  return found == texts.end() ? key : found->second;
}

}  // namespace video::web
