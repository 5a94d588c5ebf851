#include <array>
#include <utility>

#include "http/client/sentry.hpp"
#include "settings/rules.hpp"
#include "settings/settings.hpp"

namespace video::config {

const std::vector<Rule<Settings>>& logRules() {
  using S = Settings;
  using std::pair;
  using Word = std::string_view;
  static const std::vector<Rule<Settings>> all{
      choice<S>(
          "log.level",
          std::array{pair{Word("debug"), observe::LogLevel::debug}, pair{Word("info"), observe::LogLevel::info},
                     pair{Word("warning"), observe::LogLevel::warning}, pair{Word("error"), observe::LogLevel::error},
                     pair{Word("off"), observe::LogLevel::off}},
          [](auto& of) -> auto& { return of.log.level; }),
      choice<S>(
          "log.format",
          std::array{pair{Word("logfmt"), observe::LogFormat::logfmt}, pair{Word("json"), observe::LogFormat::json}},
          [](auto& of) -> auto& { return of.log.format; }),
      {"log.access",
       [](const Value& value, S& to) {
         const auto on = value.node.value_exact<bool>();
         const auto path = value.node.value_exact<std::string>();
         if (!on && !(path && path->starts_with('/'))) value.refuse("must be true, false or an absolute path");
         to.log.access = on.value_or(true);
         to.log.accessFile = path.value_or("");
       },
       [](const S& of) {
         return !of.log.accessFile.empty() ? of.log.accessFile : std::string(of.log.access ? "true" : "false");
       }},
      choice<S>(
          "log.access_format",
          std::array{
              pair{Word(""), observe::AccessFormat::likeOthers}, pair{Word("logfmt"), observe::AccessFormat::logfmt},
              pair{Word("json"), observe::AccessFormat::json}, pair{Word("common"), observe::AccessFormat::common}},
          [](auto& of) -> auto& { return of.log.accessFormat; }),
      choice<S>(
          "log.address",
          std::array{pair{Word("full"), observe::LogAddress::full},
                     pair{Word("truncated"), observe::LogAddress::truncated},
                     pair{Word("none"), observe::LogAddress::none}},
          [](auto& of) -> auto& { return of.log.address; }),
      {"log.sentry_dsn",
       [](const Value& value, S& to) {
         to.sentryDsn = value.text();
         if (!to.sentryDsn.empty()) accept(value, [&] { http::SentryDsn{to.sentryDsn}; });
       },
       [](const S& of) { return of.sentryDsn; }},
  };
  return all;
}

}  // namespace video::config
