#include <algorithm>
#include <regex>
#include <sstream>

#include "../videod/flags.hpp"
#include "docs/generate.hpp"
#include "settings/settings.hpp"

namespace video::ctl {
namespace {

constexpr std::string_view date = "November 21, 2026";  // date of the manual pages
constexpr std::size_t lineWidth = 78;

// Escapes text for roff.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

// Quotes one argument of a macro.
std::string argument(std::string_view text) {
  std::string out = plain(text);
  for (std::size_t at = out.find('"'); at != std::string::npos; at = out.find('"', at + 2)) out.replace(at, 1, "\"\"");
  return '"' + out + '"';
}

// The same for a value; between its alternatives a line may break.
std::string valueArgument(std::string_view text) {
  std::string out = argument(text);
  for (std::size_t at = out.find('|'); at != std::string::npos; at = out.find('|', at + 1)) out.insert(at + 1, "\\:");
  return out;
}

// A paragraph, wrapped so that no line is taken for a macro.
std::string paragraph(std::string_view text) {
  std::string out;
  std::string line;
  std::istringstream words{std::string(text)};
  const auto end = [&] {
    if (line.empty()) return;
    if (line[0] == '.' || line[0] == '\'') line.insert(0, "\\&");
    out += line + '\n';
    line.clear();
  };
  for (std::string word; words >> word;) {
    word = plain(word);
    if (!line.empty() && line.size() + 1 + word.size() > lineWidth) end();
    if (!line.empty()) line += ' ';
    line += word;
    // Start each sentence on a new line, as mandoc asks.
    if (word.size() > 2 && (word.ends_with('.') || word.ends_with('?')) && word.find('.') == word.size() - 1) end();
  }
  end();
  return out;
}

// Whether a text begins with what is typed as it is, and is not to be capitalized: `true: ...`, `debug | info`,
// `bash, zsh or fish`.
bool beginsWithLiteral(std::string_view text) {
  static const std::regex form(R"([a-z_]+: .*|[a-z_]+ \| .*|[a-z_]+(, [a-z_]+)* or [a-z_]+(|[;:] .*| \(.*))");
  return std::regex_match(text.begin(), text.end(), form);
}

std::string sentence(std::string_view text) {
  std::string out(text);
  if (!beginsWithLiteral(text) && !out.empty() && out[0] >= 'a' && out[0] <= 'z')
    out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out.ends_with('.') ? out : out + '.';
}

std::string literal(std::string_view text) {
  std::string out = ".Bd -literal\n";
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    line = plain(line);
    if (!line.empty() && (line[0] == '.' || line[0] == '\'')) line.insert(0, "\\&");
    out += line + '\n';
  }
  return out + ".Ed\n";
}

std::string header(std::string_view name, std::string_view section, std::string_view what) {
  std::string title(name);
  for (char& c : title) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  std::string text(what);
  if (text.size() > 1 && text[1] >= 'a') text[0] = static_cast<char>(text[0] | 0x20);
  return fmt::format(".\\\" Made by `videoctl generate`.\n.Dd {}\n.Dt {} {}\n.Os\n.Sh NAME\n.Nm {}\n.Nd {}\n", date,
                     title, section, name, plain(text));
}

std::string examplesSection(const std::vector<Example>& all) {
  std::string out = ".Sh EXAMPLES\n";
  for (std::size_t i = 0; i < all.size(); ++i)
    out += (i == 0 ? "" : ".Pp\n") + paragraph(all[i].what + ':') + literal(all[i].line);
  return out;
}

std::string seeAlso(const std::vector<std::pair<std::string, int>>& pages, const std::string& self) {
  std::string out = ".Sh SEE ALSO\n";
  std::string last;
  for (const auto& [name, section] : pages) {
    if (name == self) continue;
    if (!last.empty()) out += last + " ,\n";
    last = fmt::format(".Xr {} {}", name, section);
  }
  return out + last + '\n';
}

// An option with all its names, as in `Fl -user Ar USER`.
std::string flagMacros(const CLI::Option& option) {
  std::string out;
  for (const std::string& name : option.get_snames()) out += fmt::format("{}Fl {}", out.empty() ? "" : " , ", name);
  for (const std::string& name : option.get_lnames())
    out += fmt::format("{}Fl \\-{}", out.empty() ? "" : " , ", plain(name));
  if (takesValue(option)) out += " Ar " + valueArgument(option.get_type_name());
  return out;
}

std::string optionList(const std::vector<const CLI::Option*>& options) {
  if (options.empty()) return {};
  std::string out = ".Bl -tag -width Ds\n";
  for (const CLI::Option* option : options)
    out += ".It " + (option->get_positional() ? "Ar " + argument(option->get_name(true)) : flagMacros(*option)) + '\n' +
           paragraph(sentence(option->get_description()));
  return out + ".El\n";
}

std::vector<const CLI::Option*> optionsOf(const CLI::App& app, bool positional) {
  std::vector<const CLI::Option*> out;
  for (const CLI::Option* option : app.get_options())
    if (option->get_positional() == positional && option->get_name() != "--help") out.push_back(option);
  return out;
}

// The synopsis of one command.
std::string synopsis(const CLI::App& command, const std::string& path) {
  std::string out = ".Nm videoctl\n.Cm " + path + '\n';
  for (const CLI::Option* option : optionsOf(command, false))
    out += (option->get_required() ? "." : ".Op ") + flagMacros(*option) + '\n';
  for (const CLI::Option* option : optionsOf(command, true))
    out += fmt::format(".{}Ar {}{}\n", option->get_required() ? "" : "Op ", argument(option->get_name(true)),
                       option->get_expected_max() > 1 ? " ..." : "");
  return out;
}

std::string commandText(const CLI::App& command) {
  std::vector<const CLI::Option*> all = optionsOf(command, true);
  for (const CLI::Option* option : optionsOf(command, false)) all.push_back(option);
  return paragraph(sentence(command.get_description())) + optionList(all);
}

std::string exitStatus() {
  std::string out = ".Sh EXIT STATUS\n.Bl -tag -width Ds\n";
  std::istringstream lines{std::string(topic("exit-codes"))};
  std::string rest;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.find(' ');
    if (rest.empty() && !line.empty() && line[0] >= '0' && line[0] <= '9')
      out +=
          ".It " + line.substr(0, space) + '\n' + paragraph(sentence(line.substr(line.find_first_not_of(' ', space))));
    else
      rest += line + ' ';
  }
  return out + ".El\n.Pp\n" + paragraph(rest);
}

std::string environmentSection() {
  std::string out = ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n";
  std::istringstream lines{std::string(topic("environment"))};
  std::string rest;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.find("  ");
    if (rest.empty() && !line.empty() && space != std::string::npos && line.find('_') < space)
      out += ".It Ev " + line.substr(0, space) + '\n' +
             paragraph(sentence(line.substr(line.find_first_not_of(' ', space))));
    else if (const std::size_t one = line.find(' '); rest.empty() && line.find('_') < one)
      out += ".It Ev " + line.substr(0, one) + '\n' + paragraph(sentence(line.substr(one + 1)));
    else
      rest += line + ' ';
  }
  return out + ".El\n.Pp\n" + paragraph(rest);
}

std::string mainPage(const Commands& commands, const std::vector<std::pair<std::string, int>>& pages) {
  const CLI::App& app = commands.app();
  std::string out = header("videoctl", "1", app.get_description());
  out += ".Sh SYNOPSIS\n.Nm\n.Op Ar flags\n.Ar noun\n.Ar verb\n.Op Ar arguments\n.Sh DESCRIPTION\n";
  out += paragraph(
      "Manages a video server run by videod(8), on this machine or over HTTP. Each noun has its own manual page, "
      "and each command accepts --help. Commands behave and print the same in every mode (see below).");
  out += ".Bl -tag -width Ds\n";
  for (const CLI::App* noun : visible(app)) {
    const bool hasPage = !visible(*noun).empty();
    out += hasPage ? fmt::format(".It Xr videoctl-{} 1\n", noun->get_name()) : ".It Cm " + noun->get_name() + '\n';
    out += hasPage ? paragraph(sentence(noun->get_description())) : commandText(*noun);
  }
  out += ".El\n.Ss Modes\n" + literal(topic("modes")) + ".Ss Formats\n" + literal(topic("formats"));
  out += ".Ss Values\n" + literal(topic("values"));
  out += ".Ss Flags\n" + optionList(optionsOf(app, false));
  out += environmentSection();
  out +=
      ".Sh FILES\n.Bl -tag -width Ds\n.It Pa /etc/videod.toml\nThe daemon's configuration.\n"
      ".It Pa ~/.config/videoctl/contexts.toml\nSaved servers and their tokens, readable only by you.\n.El\n";
  out += exitStatus();
  return out + examplesSection(recipes()) + seeAlso(pages, "videoctl");
}

// The verbs of a noun and of the nouns below it, with their paths.
std::vector<std::pair<std::string, const CLI::App*>> verbsOf(const CLI::App& noun, const std::string& path) {
  std::vector<std::pair<std::string, const CLI::App*>> found;
  for (const CLI::App* one : visible(noun)) {
    const std::string its = path + ' ' + one->get_name();
    if (visible(*one).empty()) found.emplace_back(its, one);
    const auto below = verbsOf(*one, its);
    found.insert(found.end(), below.begin(), below.end());
  }
  return found;
}

std::string nounPage(const Commands& commands, const CLI::App& noun,
                     const std::vector<std::pair<std::string, int>>& pages) {
  const std::string name = "videoctl-" + noun.get_name();
  std::string out = header(name, "1", noun.get_description()) + ".Sh SYNOPSIS\n";
  const auto verbs = verbsOf(noun, noun.get_name());
  for (const auto& [path, verb] : verbs) out += synopsis(*verb, path);
  out += ".Sh DESCRIPTION\n" +
         paragraph("See videoctl(1) for global flags, output formats, values such as TIME, and exit statuses.");
  for (const auto& [path, verb] : verbs) out += fmt::format(".Ss videoctl {}\n", path) + commandText(*verb);
  return out + examplesSection(commands.examplesOf(noun)) + seeAlso(pages, name);
}

std::string daemonPage(const std::vector<std::pair<std::string, int>>& pages) {
  CLI::App app;
  daemon::Flags flags;
  daemon::addFlags(app, flags);
  std::string out = header("videod", "8", "video server daemon") + ".Sh SYNOPSIS\n.Nm\n";
  for (const CLI::Option* option : optionsOf(app, false)) out += ".Op " + flagMacros(*option) + '\n';
  out +=
      ".Sh DESCRIPTION\n" +
      paragraph(
          "Serves users, videos and comments over HTTP. It keeps them in a data directory, which contains an "
          "SQLite database and plain files. Several daemons may share one data directory.") +
      optionList(optionsOf(app, false)) + ".Pp\n" +
      paragraph(
          "On SIGTERM or SIGINT it finishes the requests in progress and exits; with http.drain, it first keeps "
          "serving for that long while /readyz returns 503. A second signal makes it exit without waiting for either. "
          "On SIGHUP it reloads the log, moderation and task settings and some limits, and logs which changed settings "
          "need a restart. It logs to standard error; on SIGUSR1 it reopens the file of log.access, if there is one.");
  out += ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev VIDEOD_CONFIG\nThe configuration file.\n.El\n";
  out +=
      ".Sh FILES\n.Bl -tag -width Ds\n.It Pa /etc/videod.toml\nThe configuration.\n"
      ".It Pa /var/lib/videod\nThe data directory.\n"
      ".It Pa /usr/share/doc/videod/operate.md\nInstalling, upgrading, and what to do when something is lost;\n"
      "backup.md and upgrade.md beside it have recipes.\n.El\n";
  out +=
      ".Sh EXIT STATUS\n.Bl -tag -width Ds\n"
      ".It 0\nStopped by a signal.\n.It 2\nInvalid flag or configuration.\n.It 6\nPermission denied.\n"
      ".It 8\nCannot bind an address or open the data directory.\n.It 9\nThe data directory is locked by another "
      "process.\n"
      ".It 11\nNo space left.\n.It 12\nThe database has the schema of another version.\n.El\n";
  return out + examplesSection({{"Check a configuration", "videod --config videod.toml --check"}}) +
         seeAlso(pages, "videod");
}

// videod.toml(5), made from the comments of etc/videod.toml, which lists every key.
std::string settingsPage(std::string_view configuration, const std::vector<std::pair<std::string, int>>& pages) {
  std::string out = header("videod.toml", "5", "the configuration of videod") + ".Sh DESCRIPTION\n";
  std::istringstream lines{std::string(configuration)};
  std::string before;  // comments on lines of their own
  std::string table;
  bool open = false;
  const auto begin = [&] {
    if (!open) out += ".Bl -tag -width Ds\n";
    open = true;
  };
  const auto end = [&] {
    if (open) out += ".El\n";
    open = false;
  };
  for (std::string line; std::getline(lines, line);) {
    const std::size_t hash = line.find("  #");
    const std::string what = hash == std::string::npos ? "" : line.substr(line.find_first_not_of("# ", hash));
    const std::string code = line.substr(0, std::min(hash, line.find_last_not_of(' ') + 1));
    if (line.starts_with('#')) {
      before += line.substr(1) + ' ';
    } else if (line.starts_with('[')) {
      end();
      table = code.substr(0, code.find_last_not_of(' ') + 1);
      if (!before.empty()) out += paragraph(before);
      before.clear();
      out += ".Ss " + table + "\\&\n" + (what.empty() ? "" : paragraph(sentence(what)));
    } else if (const std::size_t equals = line.find(" = "); equals != std::string::npos) {
      if (!before.empty()) out += paragraph(before);
      before.clear();
      begin();
      std::string value = code.substr(equals + 3);
      value.resize(value.find_last_not_of(' ') + 1);
      out += fmt::format(".It Ic {} No = Li {}\n", plain(code.substr(0, equals)), argument(value)) +
             paragraph(sentence(what));
    }
  }
  end();
  out += ".Sh FILES\n.Bl -tag -width Ds\n.It Pa /etc/videod.toml\nRead unless another file is given.\n.El\n";
  return out +
         examplesSection(
             {{"Write a configuration and check it",
               "printf '[deletion]\\ndelay = \"7d\"\\n' > videod.toml\nvideod --config videod.toml --check"}}) +
         seeAlso(pages, "videod.toml");
}

}  // namespace

std::vector<Made> manualPages(const Commands& commands, std::string_view configuration) {
  std::vector<std::pair<std::string, int>> pages{{"videoctl", 1}};
  for (const CLI::App* noun : visible(commands.app()))
    if (!visible(*noun).empty()) pages.emplace_back("videoctl-" + noun->get_name(), 1);
  std::sort(pages.begin(), pages.end());
  pages.insert(pages.end(), {{"videod.toml", 5}, {"videod", 8}});
  std::vector<Made> made{{"man/videoctl.1", mainPage(commands, pages)},
                         {"man/videod.8", daemonPage(pages)},
                         {"man/videod.toml.5", settingsPage(configuration, pages)}};
  for (const CLI::App* noun : visible(commands.app()))
    if (!visible(*noun).empty())
      made.push_back({fmt::format("man/videoctl-{}.1", noun->get_name()), nounPage(commands, *noun, pages)});
  return made;
}

}  // namespace video::ctl
