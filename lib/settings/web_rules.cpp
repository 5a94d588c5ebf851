#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "settings/rules.hpp"
#include "settings/settings.hpp"

namespace video::config {
namespace {

// A key with the target of a link in the footer of the pages.
template <class Where>
Rule<Settings> reference(std::string key, Where where) {
  return {
      std::move(key),
      [where](const Value& value, Settings& to) {
        const std::string text = value.text();
        const bool leads =
            schemeSize(text) > 0 || text.starts_with("mailto:") || (text.starts_with('/') && !text.starts_with("//"));
        if (!text.empty() && (!leads || text.find_first_of(" \"<>\\") != std::string::npos))
          value.refuse("must be a URL like \"https://video.example/about\", \"mailto:a@video.example\" or \"/v/ID\"");
        where(to.web) = text;
      },
      [where](const Settings& of) { return where(of.web); }};
}

}  // namespace

const std::vector<Rule<Settings>>& webRules() {
  static const std::vector<Rule<Settings>> all{
      {"web.root",
       [](const Value& value, Settings& to) {
         to.web.root = value.text();
         if (!to.web.root.empty() && !to.web.root.is_absolute()) value.refuse("must be an absolute path, or empty");
       },
       [](const Settings& of) { return of.web.root.string(); }},
      {"web.name",
       [](const Value& value, Settings& to) {
         to.web.name = value.text();
         accept(value, [&] { checkText("it", to.web.name, 1, 50); });
       },
       [](const Settings& of) { return of.web.name; }},
      {"web.logo", [](const Value& value, Settings& to) { to.web.logo = value.text(); },
       [](const Settings& of) { return of.web.logo.string(); }},
      reference(
          "web.contact", [](auto& of) -> auto& { return of.contact; }),
      reference(
          "web.imprint", [](auto& of) -> auto& { return of.imprint; }),
      reference(
          "web.terms", [](auto& of) -> auto& { return of.terms; }),
      reference(
          "web.privacy", [](auto& of) -> auto& { return of.privacy; }),
      {"web.embed",
       [](const Value& value, Settings& to) {
         to.web.embed = readTexts(value);
         for (const std::string& origin : to.web.embed)
           if (origin != "*" && (schemeSize(origin) == 0 || schemeSize(origin) == origin.size() ||
                                 origin.find_first_of("/?#*;,'\" ", schemeSize(origin)) != std::string::npos))
             value.refuse("each must be an origin like \"https://blog.example\", or \"*\" for all");
       },
       [](const Settings& of) { return fmt::format("{}", fmt::join(of.web.embed, ",")); }},
  };
  return all;
}

}  // namespace video::config
