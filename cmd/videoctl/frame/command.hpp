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

/// The global flags, as given.
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

/// What a command has at hand while it runs.
class Caller {
 public:
  Caller(const Flags& given, Printer& printer) : flags(given), out(printer) {}

  const Flags& flags;
  Printer& out;

  /// The way that this call goes; picked at the first call.
  const Target& target();
  /// All doors. Opened at the first call, which in direct mode makes root the data directory's owner: whatever the
  /// caller alone may read is opened before.
  Toolkit& toolkit();
  const Credential& by() { return target().by; }
  /// The user whom something is for where nobody is named: who is signed in, or --as; else throws Usage.
  std::string self(std::string_view command, std::string_view flag);
  /// Throws Usage where the operator does not say as whom this is done.
  void needAuthor(std::string_view command);
  /// Throws Usage where a password would go over plain http to another machine.
  void needPrivateWay();
  /// Where the site is reached from here, without a slash at its end: the server, or where the daemon listens.
  std::string siteUrl();
  /// Whether the way was picked and is a server's.
  bool isRemote() const { return way_ && way_->kind == Target::Kind::remote; }
  /// One line about what changed, unless -q.
  void report(std::string_view line) const;

 private:
  std::optional<Target> way_;
  std::unique_ptr<Toolkit> toolkit_;
};

/// Nothing more can go to stdout; exit status 0 where its reader went away.
struct ClosedOutput {};

/// A signal ended the command after it took back what it had begun.
struct Interrupted {
  int signal;
};

/// Carries a command out; returns the exit status.
using Action = std::function<int(Caller&)>;

// ---- values: text of the command line into a member; throws Error malformed

void readValue(std::string_view text, std::string_view name, Time& to);  ///< RFC 3339, `@UNIX`, `-7d`
void readValue(std::string_view text, std::string_view name, std::chrono::milliseconds& to);
void readPositionMs(std::string_view text, std::string_view name, std::optional<std::int64_t>& to);
template <class T>
void readValue(std::string_view text, std::string_view name, T& to) {
  if constexpr (isOptional<T> || isNullable<T>) {
    readValue(text, name, to.emplace());
  } else if constexpr (Named<T>) {
    const auto value = valueOf<T>(text);
    if (!value) {
      std::string known;
      for (const auto& entry : Names<T>::list) known += fmt::format(" {}", entry.second);
      throw Error(Fault::malformed, fmt::format("{}: {} is none of{}", name, text, known));
    }
    to = *value;
  } else {
    readText(text, name, to);
  }
}

/// What a value of this type looks like, for help: the words of an enumeration with `|` between them.
template <class T>
std::string kindOf() {
  if constexpr (isOptional<T> || isNullable<T>) {
    return kindOf<typename T::value_type>();
  } else if constexpr (Named<T>) {
    std::string words;
    for (const auto& entry : Names<T>::list) words += fmt::format("{}{}", words.empty() ? "" : "|", entry.second);
    return words;
  } else if constexpr (std::same_as<T, Time>) {
    return "TIME";
  } else if constexpr (std::same_as<T, std::chrono::milliseconds>) {
    return "DURATION";
  } else {
    return std::integral<T> ? "N" : "TEXT";
  }
}

/// An option or argument that takes one value.
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
  const bool named = names.starts_with('-');  // an argument's name says what it is
  return app.add_option_function<std::string>(names, take, doc)->type_name(named ? kindOf<T>() : std::string());
}

/// What a verb takes that takes nothing of its own.
struct NoWords {};

/// How long a command that waits leaves a daemon alone before it looks again.
inline constexpr std::chrono::milliseconds betweenLooks{100};

/// A line of a shell, and what it is for.
struct Example {
  std::string what;
  std::string line;
};

/// A command: what it does, and what `-o json` writes.
struct Command {
  Action action;
  std::string (*schema)() = nullptr;  ///< JSON Schema; null: plain text, or nothing
  bool rehearses = false;             ///< it heeds --dry-run
};

/// One verb: its options go straight onto a `Wanted`, which is what its action is given.
template <class Wanted>
class Verb {
 public:
  Verb(CLI::App& command, Command& entry) : command_(&command), entry_(&entry), wanted_(std::make_shared<Wanted>()) {}

  /// `--name VALUE`, or an argument where `names` has no dash; the text about it is the field's own.
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

  /// A flag without a value.
  template <class Owner, class Member>
  CLI::Option* flag(const std::string& names, Member Owner::*member, const std::string& doc) {
    return command_->add_flag_callback(
        names, [wanted = wanted_, member] { (*wanted).*member = true; }, doc);
  }

  /// One argument or more.
  template <class Owner>
  CLI::Option* several(const std::string& name, std::vector<std::string> Owner::*member, const std::string& doc) {
    const auto take = [to = &((*wanted_).*member)](const std::vector<std::string>& texts) { *to = texts; };
    return command_->add_option_function<std::vector<std::string>>(name, take, doc)->type_name("")->required();
  }

  /// An option that may be repeated, each time with one value.
  template <class Owner>
  CLI::Option* each(const std::string& name, std::vector<std::string> Owner::*member, const std::string& doc) {
    const auto take = [to = &((*wanted_).*member)](const std::vector<std::string>& texts) { *to = texts; };
    return command_->add_option_function<std::vector<std::string>>(name, take, doc)
        ->type_name("GLOB")
        ->expected(1)
        ->take_all();
  }

  /// --since, --until and --limit; a limit of 0 is none.
  void lists() {
    wanted_->limit = 0;
    option("--since", &Wanted::since);
    option("--until", &Wanted::until);
    option("--limit", &Wanted::limit, "items at most",
           [](std::string_view text, std::string_view name, std::int64_t& to) {
             readText(text, name, to);
             if (to < 1) throw Error(Fault::malformed, fmt::format("{}: must be 1 or more", name));
           });
  }

  /// It prints one of these.
  template <Described Item>
  void givesOne() {
    entry_->schema = [] {
      return documentOf(SchemaWriter("#/$defs/"), [](auto& writer) { return writer.template fields<Item>(); });
    };
  }
  /// It prints a list, of whose pages this is one.
  template <Described PageType>
  void givesList() {
    entry_->schema = [] {
      return documentOf(SchemaWriter("#/$defs/"), [](auto& writer) {
        std::vector<FieldSchema> fields = writer.template fields<PageType>();
        std::erase_if(fields, [](const FieldSchema& field) { return field.name == "next_cursor"; });
        return fields;
      });
    };
  }
  /// It prints what became of each thing.
  void givesResults() { givesList<Page<Result>>(); }

  /// It heeds --dry-run: says what it would do, and changes nothing.
  void rehearses() { entry_->rehearses = true; }

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

/// The nouns and verbs there are.
class Commands {
 public:
  explicit Commands(CLI::App& app) : app_(&app) {}

  /// The lines work as they stand, one after the other, at a site with a user ada and files holiday.mp4, beach.mp4.
  CLI::App& noun(const std::string& name, const std::string& doc, std::vector<Example> examples);
  template <class Wanted>
  Verb<Wanted> verb(CLI::App& noun, const std::string& name, const std::string& doc) {
    CLI::App* command = noun.add_subcommand(name, doc);
    command->footer("");  // not the noun's examples
    return Verb<Wanted>(*command, commands_[command]);
  }
  /// A command that is a noun by itself.
  template <class Wanted>
  Verb<Wanted> plain(const std::string& name, const std::string& doc) {
    return verb<Wanted>(*app_, name, doc);
  }
  CLI::App& app() const { return *app_; }
  /// Those of a noun, in its manual and its help; empty for any other.
  const std::vector<Example>& examplesOf(const CLI::App& noun) const;
  /// What a command writes with `-o json`, as JSON Schema; empty where that is no JSON.
  std::string schemaOf(const CLI::App& command) const;
  /// Its help, with the whole path in its usage line.
  static std::string helpOf(const CLI::App& command);
  /// The innermost command of what was parsed.
  const CLI::App& deepest() const;
  /// The command that was parsed; null where that is a noun alone.
  const Command* chosen() const;
  /// Says what is wrong with a command line, and what may have been meant.
  void explain(const CLI::ParseError& problem) const;

 private:
  CLI::App* app_;
  std::map<const CLI::App*, Command> commands_;
  std::map<const CLI::App*, std::vector<Example>> examples_;
};

/// Many things, named as arguments, or one a line on stdin where the only argument is `-`.
class Items {
 public:
  Items(const std::vector<std::string>& arguments, const Flags& flags);
  /// Arguments alone, `-` being one like any other; `several` even where there is one.
  explicit Items(const std::vector<std::string>& arguments, bool several = false);
  /// The same of files.
  static Items ofFiles(const std::vector<std::string>& paths, bool several);
  std::optional<std::string> next();
  /// What is said of one that failed.
  Result failed(const std::string& item, std::string_view why) const;
  /// Whether one failure among them is exit 3 instead of its own status.
  bool areSeveral() const { return several_; }

 private:
  std::vector<std::string> arguments_;
  std::size_t at_ = 0;
  bool input_ = false;
  bool several_ = false;
  bool files_ = false;
  char ending_ = '\n';
};

/// Does `work` for each, prints a line of each, goes on past failures; the exit status.
int runBatch(Caller& caller, Items items, const std::function<Result(const std::string&)>& work);

/// Whether a fault would be the same for everything that follows.
bool endsBatch(Fault fault);

/// The flags that every command takes.
void addFlags(CLI::App& app, Flags& flags);

/// Fills in what the environment says of flags that were not given. Throws Usage.
void readEnvironment(Flags& flags);

/// What `videoctl help NAME` prints; empty where there is no such topic.
std::string_view topic(std::string_view name);

/// The nouns with a line each, and where to begin.
std::string overview(const CLI::App& app);

void addUser(Commands& commands);
void addSession(Commands& commands);
void addToken(Commands& commands);
void addVideo(Commands& commands);
void addUpload(Commands& commands, CLI::App& video);
void addShare(Commands& commands);
void addComment(Commands& commands);
void addQueue(Commands& commands);
void addTask(Commands& commands);
void addData(Commands& commands);
void addServer(Commands& commands);
void addContext(Commands& commands);
void addHelp(Commands& commands);
void addGenerate(Commands& commands);

}  // namespace video::ctl
