#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/schema.hpp"
#include "base/text.hpp"
#include "frame/print.hpp"
#include "frame/target.hpp"
#include "toolkit/toolkit.hpp"

namespace video::ctl {

/// The global flags as given on the command line.
struct Flags {
  std::string config, dataDirectory, server, context, tokenFile, caCertificate, as;
  std::optional<Format> output;
  std::vector<std::string> columns;
  std::chrono::milliseconds timeout{30'000};
  std::optional<std::chrono::milliseconds> lockTimeout;
  bool dryRun = false;
  bool direct = false, noHeader = false, nul = false, quiet = false, verbose = false, yes = false, noInput = false;
  bool failFast = false, allowPlainHttp = false, noProgress = false;
};

/// What a command works with: the global flags, the output, and the toolkit of the chosen mode. For one thread;
/// once open, the toolkit may be used by several.
class Caller {
 public:
  Caller(const Flags& given, Printer& printer) : flags(given), out(printer) {}

  const Flags& flags;
  Printer& out;

  /// Returns the mode and address in use; chosen at the first call. Throws Usage, Error.
  const Target& target();
  /// Returns the toolkit; opened at the first call. In direct mode root then becomes the owner of the data directory,
  /// so open files that only the caller may read first. Throws Usage, Error.
  Toolkit& toolkit();
  const Credential& by() { return target().by; }
  /// Uses the socket of a daemon that serves the data directory, also where the flags ask for direct mode, for what
  /// only a daemon can say. Returns whether the mode is not direct now. To be called before the toolkit is opened.
  bool findDaemon();
  /// Returns the user to use if none is given: the one who is signed in, or --as. Throws Usage if there is neither.
  std::string self(std::string_view command, std::string_view flag);
  /// Throws Usage if the caller is the operator and did not give --as.
  void needAuthor(std::string_view command);
  /// Throws Usage if a password would be sent over plain HTTP to another machine.
  void needPrivateWay();
  /// Returns the URL of the site without a trailing slash: the server in remote mode, else a TCP listener of the
  /// daemon. Empty if the daemon has none.
  std::string siteUrl();
  /// Whether the mode has been chosen and is remote.
  bool isRemote() const { return way_ && way_->kind == Target::Kind::remote; }
  /// Prints a line about what was done, unless -q is given.
  void report(std::string_view line) const;

 private:
  std::optional<Target> way_;
  std::unique_ptr<Toolkit> toolkit_;
};

/// Thrown to end a command that cannot write to standard output any more; the exit status is 0 if the reader went away.
struct ClosedOutput {};

/// Thrown when a signal ends the command, after it has undone what it had begun.
struct Interrupted {
  int signal;
};

/// Runs a command; returns the exit status.
using Action = std::function<int(Caller&)>;

// ---- values: read text from the command line into a member; all throw Error malformed

void readValue(std::string_view text, std::string_view name, Time& to);  ///< see parseTimeGiven
void readValue(std::string_view text, std::string_view name, std::chrono::milliseconds& to);
void readOff(std::string_view text, std::string_view name, std::optional<bool>& to);  ///< `on` (false) or `off`
void readSize(std::string_view text, std::string_view name, std::optional<std::int64_t>& to);  ///< bytes: `5GiB`
void readPositionMs(std::string_view text, std::string_view name, std::optional<std::int64_t>& to);
template <class T>
void readValue(std::string_view text, std::string_view name, T& to) {
  if constexpr (isOptional<T> || isNullable<T>) {
    readValue(text, name, to.emplace());
  } else if constexpr (Named<T>) {
    const auto value = valueOf<T>(text);
    if (!value) throw Error(Fault::malformed, fmt::format("{}: {} is not one of {}", name, text, namesOf<T>(" ")));
    to = *value;
  } else {
    readText(text, name, to);
  }
}

/// Returns the placeholder of a value in help, such as `TIME`; for an enumeration its words joined by `|`.
template <class T>
std::string kindOf() {
  if constexpr (isOptional<T> || isNullable<T>) {
    return kindOf<typename T::value_type>();
  } else if constexpr (Named<T>) {
    return namesOf<T>("|");
  } else if constexpr (std::same_as<T, Time>) {
    return "TIME";
  } else if constexpr (std::same_as<T, std::chrono::milliseconds>) {
    return "DURATION";
  } else {
    return std::integral<T> ? "N" : "TEXT";
  }
}

/// Adds an option or argument that takes one value, which `read` stores in `to`; both must outlive the parsing.
template <class T, class Read>
CLI::Option* bind(CLI::App& app, const std::string& names, T& to, const std::string& doc, Read read) {
  const auto take = [&to, names, read](const std::string& text) {
    if (!isUtf8(text)) throw Error(Fault::malformed, fmt::format("{}: not valid UTF-8", names));
    try {
      read(text, names, to);
    } catch (const Error& error) {
      throw CLI::ValidationError(error.what());
    }
  };
  const bool named = names.starts_with('-');  // an argument has no type name
  return app.add_option_function<std::string>(names, take, doc)->type_name(named ? kindOf<T>() : std::string());
}

/// The `Wanted` of a verb without options of its own.
struct NoWords {};

/// How often a waiting command polls.
inline constexpr std::chrono::milliseconds betweenLooks{100};

/// A shell command for the manual, with a description.
struct Example {
  std::string what;
  std::string line;
};

/// A command: its action, and the schema of what `-o json` writes.
struct Command {
  Action action;
  std::string (*schema)() = nullptr;                     ///< returns a JSON Schema; null for plain text or no output
  std::vector<std::string_view> (*columns)() = nullptr;  ///< returns what --columns can name; null for nothing
  bool rehearses = false;                                ///< supports --dry-run
};

/// The items of a list, whose pages are of type `PageType`: of its first field that is a vector of described structs.
template <class PageType>
struct ItemOf {
  static constexpr auto first = std::get<0>(Fields<PageType>::list);
  using Type = typename std::remove_cvref_t<decltype(first)>::Type::value_type;
};

/// Builds one verb. Its options are stored in a `Wanted`, which is passed to its action.
template <class Wanted>
class Verb {
 public:
  Verb(CLI::App& command, Command& entry) : command_(&command), entry_(&entry), wanted_(std::make_shared<Wanted>()) {}

  /// Adds the option `--name VALUE`, or an argument if `names` has no dash. The help text is `doc`, or the description
  /// of the field.
  template <class Owner, class Member>
  CLI::Option* option(const std::string& names, Member Owner::*member) {
    return option(names, member, docOf<Owner>(member));
  }
  template <class Owner, class Member>
  CLI::Option* option(const std::string& names, Member Owner::*member, const std::string& doc) {
    return option(names, member, doc,
                  [](std::string_view text, std::string_view name, Member& to) { readValue(text, name, to); });
  }
  template <class Owner, class Member, class Read>
  CLI::Option* option(const std::string& names, Member Owner::*member, const std::string& doc, Read read) {
    return bind(*command_, names, (*wanted_).*member, doc, read);
  }

  /// Adds a flag without a value.
  template <class Owner, class Member>
  CLI::Option* flag(const std::string& names, Member Owner::*member, const std::string& doc) {
    return command_->add_flag_callback(
        names, [wanted = wanted_, member] { (*wanted).*member = true; }, doc);
  }

  /// Adds an argument that may be given several times; at least once, unless the caller lifts that.
  template <class Owner>
  CLI::Option* several(const std::string& name, std::vector<std::string> Owner::*member, const std::string& doc) {
    const auto take = [to = &((*wanted_).*member)](const std::vector<std::string>& texts) { *to = texts; };
    return command_->add_option_function<std::vector<std::string>>(name, take, doc)->type_name("")->required();
  }

  /// Adds an option that may be repeated, with one GLOB each time.
  template <class Owner>
  CLI::Option* each(const std::string& name, std::vector<std::string> Owner::*member, const std::string& doc) {
    const auto take = [to = &((*wanted_).*member)](const std::vector<std::string>& texts) { *to = texts; };
    return command_->add_option_function<std::vector<std::string>>(name, take, doc)
        ->type_name("GLOB")
        ->expected(1)
        ->take_all();
  }

  /// Adds --since, --until and --limit; a limit of 0 in `Wanted` means no limit.
  void lists() {
    wanted_->limit = 0;
    option("--since", &Wanted::since, "list only items created at or after TIME");
    option("--until", &Wanted::until, "list only items created before TIME");
    option("--limit", &Wanted::limit, "list at most N items",
           [](std::string_view text, std::string_view name, std::int64_t& to) {
             readText(text, name, to);
             if (to < 1) throw Error(Fault::malformed, fmt::format("{}: must be 1 or more", name));
           });
  }

  /// The command prints one `Item`.
  template <Described Item>
  void givesOne() {
    entry_->schema = [] {
      return documentOf(SchemaWriter("#/$defs/"), [](auto& writer) { return writer.template fields<Item>(); });
    };
    entry_->columns = Printer::namesOf<Item>;
  }
  /// The command prints a list, which it fetches in pages of this type.
  template <Described PageType>
  void givesList() {
    entry_->schema = [] {
      return documentOf(SchemaWriter("#/$defs/"), [](auto& writer) {
        std::vector<FieldSchema> fields = writer.template fields<PageType>();
        std::erase_if(fields, [](const FieldSchema& field) { return field.name == "next_cursor"; });
        return fields;
      });
    };
    entry_->columns = Printer::namesOf<typename ItemOf<PageType>::Type>;
  }
  /// The command prints a Result for each item.
  void givesResults() { givesList<Page<Result>>(); }

  /// The command supports --dry-run.
  void rehearses() { entry_->rehearses = true; }

  /// Sets the action; it returns the exit status.
  void runs(std::function<int(Caller&, Wanted&)> work) {
    entry_->action = [wanted = wanted_, work = std::move(work)](Caller& caller) { return work(caller, *wanted); };
  }

 private:
  template <class Owner, class Member>
  static std::string docOf(Member Owner::*member) {
    std::string doc;
    forEachField<Owner>([&](const auto& field) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(field.member)>, Member Owner::*>)
        if (field.member == member) doc = field.doc;
    });
    return doc;
  }

  template <class Fill>
  static std::string documentOf(SchemaWriter writer, Fill fill) {
    const std::string object = SchemaWriter::object(fill(writer));
    std::string named;
    for (const auto& [name, schema] : writer.named())
      named += fmt::format("{}\"{}\":{}", named.empty() ? "" : ",", name, schema);
    return fmt::format(R"({{"$schema":"https://json-schema.org/draft/2020-12/schema",{},"$defs":{{{}}}}})",
                       std::string_view(object).substr(1, object.size() - 2), named);
  }

  CLI::App* command_;
  Command* entry_;
  std::shared_ptr<Wanted> wanted_;
};

/// The commands of the program: nouns, each with its verbs.
class Commands {
 public:
  explicit Commands(CLI::App& app) : app_(&app) {}

  /// Adds a noun. A test runs its examples in order, on a site with a user ada and the files holiday.mp4 and beach.mp4.
  CLI::App& noun(const std::string& name, const std::string& doc, std::vector<Example> examples);
  /// Adds a noun below a noun, such as `video subtitle`.
  static CLI::App& group(CLI::App& noun, const std::string& name, const std::string& doc);
  /// Adds a verb to a noun.
  template <class Wanted>
  Verb<Wanted> verb(CLI::App& noun, const std::string& name, const std::string& doc) {
    CLI::App* command = noun.add_subcommand(name, doc);
    command->footer("");  // do not inherit the examples of the noun
    return Verb<Wanted>(*command, commands_[command]);
  }
  /// Adds a command without verbs, such as `version`.
  template <class Wanted>
  Verb<Wanted> plain(const std::string& name, const std::string& doc) {
    return verb<Wanted>(*app_, name, doc);
  }
  CLI::App& app() const { return *app_; }
  /// Returns the examples of a noun; empty for any other command.
  const std::vector<Example>& examplesOf(const CLI::App& noun) const;
  /// Returns the JSON Schema of what a command writes with `-o json`; empty if it does not write JSON.
  std::string schemaOf(const CLI::App& command) const;
  /// Returns the columns of what a command prints; empty if it prints none.
  std::vector<std::string_view> columnsOf(const CLI::App& command) const;
  /// Returns the help of a command, with its full path in the usage line.
  static std::string helpOf(const CLI::App& command);
  /// Returns the innermost command that was parsed.
  const CLI::App& deepest() const;
  /// Returns the command that was parsed; null for a noun without a verb.
  const Command* chosen() const;
  /// Prints what is wrong with the command line `given`, and a suggestion. Returns the sentence that says what is
  /// wrong.
  std::string explain(const CLI::ParseError& problem, const std::vector<std::string>& given) const;

 private:
  CLI::App* app_;
  std::map<const CLI::App*, Command> commands_;
  std::map<const CLI::App*, std::vector<Example>> examples_;
};

/// The items a command works on: its arguments, or the lines of standard input if the only argument is `-`.
class Items {
 public:
  Items(const std::vector<std::string>& arguments, const Flags& flags);
  /// Takes arguments only: `-` has no special meaning. `several` makes a single one count as several.
  explicit Items(const std::vector<std::string>& arguments, bool several = false);
  /// The same for file names, which go into the path of a Result.
  static Items ofFiles(const std::vector<std::string>& paths, bool several);
  /// Returns the next item; empty at the end.
  std::optional<std::string> next();
  /// Returns the Result of an item that failed.
  Result failed(const std::string& item, std::string_view why) const;
  /// Whether there are several, so that a failure exits with status 3 instead of its own.
  bool areSeveral() const { return several_; }

 private:
  std::vector<std::string> arguments_;
  std::size_t at_ = 0;
  bool input_ = false;
  bool several_ = false;
  bool files_ = false;
  char ending_ = '\n';
};

/// Returns what an error says, with the item in front unless it says which one it is about, or is about all: the server
/// cannot be reached, or the caller is not signed in.
std::string namedError(const std::string& item, const Error& error);

/// Calls `work` for each item, prints each Result and goes on after failures. If there are several, prints a summary at
/// the end. Returns the exit status. Throws an Error that names the item if there is only one item, or if all other
/// items would fail for the same reason.
int runBatch(Caller& caller, Items items, const std::function<Result(const std::string&)>& work);

/// Whether all further items would fail with this fault too.
bool endsBatch(Fault fault);

/// Adds the global flags to `app` and binds them to `flags`, which must outlive the parsing.
void addFlags(CLI::App& app, Flags& flags);

/// Fills in flags that were not given from the environment. Throws Usage.
void readEnvironment(Flags& flags);

/// Returns the text of `videoctl help NAME`; empty if there is no such topic.
std::string_view topic(std::string_view name);

/// The names of all topics, with `|` between them.
inline constexpr std::string_view topics = "exit-codes|environment|formats|modes|values";

/// Returns the text of `videoctl help`: one line per noun, and examples.
std::string overview(const CLI::App& app);

void addUser(Commands& commands);
void addSession(Commands& commands);
void addToken(Commands& commands);
void addVideo(Commands& commands);
void addUpload(Commands& commands, CLI::App& video);
void addDownload(Commands& commands, CLI::App& video);
void addSubtitle(Commands& commands, CLI::App& video);
void addRenditions(Commands& commands, CLI::App& video);
void addUserExport(Commands& commands, CLI::App& user);
void addShare(Commands& commands);
void addUploads(Commands& commands);
void addComment(Commands& commands);
void addHistory(Commands& commands);
void addPlay(Commands& commands);
void addReport(Commands& commands);
void addQueue(Commands& commands);
void addTask(Commands& commands);
void addData(Commands& commands);
void addServer(Commands& commands);
void addContext(Commands& commands);
void addDoctor(Commands& commands);
void addHelp(Commands& commands);
void addGenerate(Commands& commands);

}  // namespace video::ctl
