#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/text.hpp"
#include "data/fields.hpp"
#include "data/import.hpp"
#include "frame/command.hpp"
#include "frame/file_opener.hpp"
#include "frame/files.hpp"
#include "frame/output_file.hpp"
#include "frame/progress.hpp"
#include "frame/prompt.hpp"
#include "store/backup_folder.hpp"

namespace video::ctl {
namespace {

constexpr int someFailed = 3;
constexpr int foundProblems = 10;
constexpr const char* importColumns = "kind,status,name+,old_id+,detail+24";

struct BackupTo {
  std::string to;
};

struct VerifyWanted {
  std::string set;
};

struct RestoreWanted {
  std::string set;
  bool revokeTokens = false;
};

struct ChangesWanted {
  std::int64_t since = 0;
  std::string cursorFile;
};

// Chooses the data directory itself, which needs direct mode.
Target pickHere(Caller& caller, std::string_view command) {
  if (!caller.flags.server.empty() || !caller.flags.context.empty())
    throw Usage(fmt::format("{}: only works on a data directory of this machine, not on a server", command));
  Target target = pickLocal(caller.flags, true);
  if (caller.flags.verbose) say(fmt::format("direct {}", target.address));
  return target;
}

std::unique_ptr<Data> openHere(Caller& caller, std::string_view command) {
  const Target target = pickHere(caller, command);
  becomeDataOwner(target.settings);
  return openData(target.settings, target.origin);
}

// Shows how far a command is, and ends it when a signal has come.
DataProgress shownBy(Progress& progress) {
  return [&progress](std::uint64_t done, std::uint64_t all) {
    if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
    progress.show(static_cast<std::int64_t>(done), static_cast<std::int64_t>(all));
  };
}

Data::Problems saidBy(Progress& progress) {
  return [&progress](const BackupProblem& problem) {
    progress.hide();
    say(fmt::format("{}: {}: {}", problem.kind, problem.path, problem.detail));
  };
}

int backUpToOutput(Caller& caller) {
  if (::isatty(STDOUT_FILENO) != 0)
    throw Usage("data backup -: writes a tar archive, which is not for a terminal: redirect it to a file or a program");
  const std::unique_ptr<Data> data = openHere(caller, "data backup");
  const SignalNote note;
  Progress progress(caller.flags, "backup", true);
  const BackupReport report = data->backup(
      [&](std::span<const std::byte> bytes) {
        caller.out.bytes(bytes);
        if (!caller.out.isOpen()) throw ClosedOutput{};
      },
      shownBy(progress), saidBy(progress));
  progress.hide();
  caller.report(fmt::format("backed up {} files, {}", report.files, formatSize(report.bytes)));
  return report.problems > 0 ? foundProblems : 0;
}

int backUp(Caller& caller, BackupTo& wanted) {
  if (wanted.to == "-") return backUpToOutput(caller);
  const Target target = pickHere(caller, "data backup");
  const std::unique_ptr<Data> data = openData(target.settings, target.origin);
  const SignalNote note;
  Progress progress(caller.flags, "backup", true);
  bool isWhole = true;
  const auto make = [&] {
    BackupReport report = data->backup(
        wanted.to, [&] { becomeDataOwner(target.settings); }, shownBy(progress), saidBy(progress));
    progress.hide();
    isWhole = report.problems == 0;
    return report;
  };
  if (caller.flags.quiet && !caller.flags.output)
    make();
  else
    caller.out.one(make);
  return isWhole ? 0 : foundProblems;
}

// Passes standard input on.
void readArchive(const Data::Write& write) {
  std::vector<std::byte> piece(1024 * 1024);
  for (;;) {
    if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
    const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throwFileError("standard input", errno);
    if (got == 0) return;
    write(std::span(piece).first(static_cast<std::size_t>(got)));
  }
}

int verify(Caller& caller, VerifyWanted& wanted) {
  if (!caller.flags.server.empty() || !caller.flags.context.empty())
    throw Usage("data verify: only works on a backup on this machine, not on a server");
  const std::unique_ptr<Data> data = openData({}, {});
  const SignalNote note;
  Progress progress(caller.flags, "verify", true);
  std::vector<BackupProblem> problems;
  const auto add = [&](const BackupProblem& problem) { problems.push_back(problem); };
  const BackupReport report =
      wanted.set == "-" ? data->verify(readArchive, add) : data->verify(wanted.set, shownBy(progress), add);
  progress.hide();
  caller.out.all(problems, "kind,path+,detail+24");
  if (!problems.empty()) return foundProblems;
  caller.report(fmt::format("{}: {} files, {}, as they were when the backup was made at {}", report.path, report.files,
                            formatSize(report.bytes), formatTime(report.time)));
  return 0;
}

void reportRestored(const Caller& caller, const Target& target, const RestoreReport& report) {
  caller.report(fmt::format("restored {} to its state of {}: {} files, {}", target.address, formatTime(report.time),
                            report.files, formatSize(report.bytes)));
  caller.report(fmt::format("ended {} sessions; no deletion is due before the delay is over ({} put off)",
                            report.sessions, report.deletions));
  if (report.tokensRevoked > 0) caller.report(fmt::format("revoked {} tokens", report.tokensRevoked));
  if (!report.tokens.empty())
    caller.report(fmt::format("{} tokens are valid again; --revoke-tokens revokes all", report.tokens.size()));
  caller.report("signed links work again only with the old signing.key, which is not part of a backup");
  if (report.isOlder)
    caller.report(
        fmt::format("the database has the older schema {}: videod migrates it when it starts, or run "
                    "`videoctl data migrate --data-dir {}`",
                    report.schema, target.address));
}

int restore(Caller& caller, RestoreWanted& wanted) {
  const Target target = pickHere(caller, "data restore");
  const std::filesystem::path set = std::filesystem::absolute(wanted.set);
  const FileOpener opener;  // before root becomes the owner of the data directory, who may not read the backup
  const bool isRoots = ::geteuid() == 0 && !std::filesystem::exists(target.settings.dataDirectory);
  becomeDataOwner(target.settings);
  confirm(caller.flags, "data restore", fmt::format("Restore {} to {}?", wanted.set, target.address));
  const std::unique_ptr<Data> data = openData(target.settings, target.origin);
  const SignalNote note;
  Progress progress(caller.flags, "restore", true);
  const auto open = [&](const std::string& path) -> Descriptor {
    try {
      return opener.openBelow(set, path);
    } catch (const Error& error) {
      if (error.fault() == Fault::notFound) return {};
      throw;
    }
  };
  const RestoreReport report = data->restore(open, wanted.revokeTokens, shownBy(progress));
  progress.hide();
  for (const BackupProblem& problem : report.problems) saidBy(progress)(problem);
  caller.out.all(report.tokens, "label+,user_name+,scope,expires,id");
  reportRestored(caller, target, report);
  if (isRoots)
    caller.report(fmt::format("it belongs to root: if videod runs as another user, run `chown -R videod:videod {}`",
                              target.address));
  return report.problems.empty() ? 0 : foundProblems;
}

int listChanges(Caller& caller, ChangesWanted& wanted) {
  constexpr std::int64_t most = 1000;
  const Target target = pickHere(caller, "data changes");
  // Opened before root becomes the owner of the data directory.
  const FileOpener opener(FileRights::write);
  std::optional<OutputFile> file;
  if (!wanted.cursorFile.empty()) file.emplace(opener, wanted.cursorFile, Existing::replace);
  becomeDataOwner(target.settings);
  const std::unique_ptr<Data> data = openData(target.settings, target.origin);
  std::int64_t cursor = wanted.since;
  for (bool isLast = false; !isLast && caller.out.isOpen();) {
    const ContentChanges changes = data->changes(cursor, most);
    std::string text;
    for (const std::string& path : changes.paths) text.append(path).push_back(caller.flags.nul ? '\0' : '\n');
    caller.out.text(text);
    cursor = changes.next;
    isLast = changes.isLast;
  }
  caller.out.finish();
  if (!caller.out.isOpen()) return 0;  // nobody has the whole list
  if (!file) {
    caller.report(fmt::format("next cursor: {}", cursor));
    return 0;
  }
  const std::string text = fmt::format("{}\n", cursor);
  file->write(std::as_bytes(std::span(text)));
  file->finish();
  return 0;
}

int checkData(Caller& caller, CheckData& wanted) {
  CheckData check = wanted;
  if (caller.flags.dryRun) check.repair = false;  // a check says what a repair would do
  const std::unique_ptr<Data> data = openHere(caller, "data check");
  if (check.repair)
    confirm(caller.flags, "data check --repair", fmt::format("Repair {}?", pickLocal(caller.flags, true).address));
  std::vector<Finding> findings;
  const auto show = [&] {
    if (caller.out.format() != Format::table) return caller.out.all(findings);
    for (const Finding& one : findings)
      caller.out.text(findingText(nameOf(one.state), fmt::format("{} {}", nameOf(one.kind), one.id), one.detail,
                                  one.repair == "none" ? std::string_view() : one.repair));
  };
  const SignalNote note;
  try {
    Progress progress(caller.flags, "check");
    data->check(
        check, [&](const Finding& finding) { findings.push_back(finding); }, shownBy(progress));
  } catch (...) {
    show();  // what has been moved must be known
    throw;
  }
  show();
  const auto isLeft = [](const Finding& finding) {
    return finding.state == FindingState::found || finding.state == FindingState::failed;
  };
  const auto left = std::count_if(findings.begin(), findings.end(), isLeft);
  const auto repaired = std::count_if(findings.begin(), findings.end(),
                                      [](const Finding& finding) { return finding.state == FindingState::repaired; });
  caller.report(check.repair ? fmt::format("data: {} found, {} repaired", left + repaired, repaired)
                             : fmt::format("data: {} found", left));
  return left > 0 ? foundProblems : 0;
}

struct ExportSite : ExportData {
  std::string to;
};

int exportData(Caller& caller, const ExportSite& wanted) {
  const Target target = pickHere(caller, "data export");
  const std::filesystem::path& directory = target.settings.dataDirectory;
  store::requireOutside(directory, wanted.to);
  struct stat owner {};
  ::stat(directory.c_str(), &owner);  // one that is missing is refused before this is used
  const FileOpener opener(FileRights::write);
  becomeDataOwner(target.settings);
  const std::unique_ptr<Data> data = openData(target.settings, target.origin);
  Descriptor folder;
  std::optional<SignalNote> note;
  const auto openFolder = [&] {
    folder = opener.openOrMakeFolder(wanted.to, owner.st_uid, owner.st_gid);
    if (::faccessat(folder.number(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
      if (errno != EACCES) throwFileError(wanted.to, errno);
      throw Error(Fault::forbidden,
                  fmt::format("{}: the owner of the data directory may not write to this folder", wanted.to));
    }
    note.emplace();
    return folder.number();
  };
  std::map<ExportOutcome, int> counts;
  caller.out.beginResults();
  {
    Progress progress(caller.flags, "export");
    const auto each = [&](const ExportedVideo& video) {
      ++counts[video.outcome];
      if (video.outcome == ExportOutcome::unchanged) return;
      progress.hide();
      Result result{std::string(nameOf(video.outcome)), video.id.text, video.path, {}};
      if (!video.detail.empty()) result.detail = video.detail;
      caller.out.result(result);
      if (!video.detail.empty()) say(fmt::format("video {}: {}", video.id.text, video.detail));
    };
    data->exportTo(wanted, openFolder, each, shownBy(progress));
  }
  caller.out.endResults();
  caller.report(fmt::format("data: {} exported, {} updated, {} moved, {} unchanged, {} failed",
                            counts[ExportOutcome::exported], counts[ExportOutcome::updated],
                            counts[ExportOutcome::moved], counts[ExportOutcome::unchanged],
                            counts[ExportOutcome::failed]));
  return counts[ExportOutcome::failed] > 0 ? someFailed : 0;
}

struct ImportSite {
  std::string dump;
  std::string videos;
  std::string site = ImportOptions{}.site;
};

// What the caller may read, before root becomes the owner of the data directory; the rest a child process opens.
class ImportedFiles {
 public:
  explicit ImportedFiles(const ImportSite& wanted)
      : dumpName_(wanted.dump), dump_(::open(wanted.dump.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
    if (!dump_) throwFileError(wanted.dump, errno);
    struct stat is {};
    if (::fstat(dump_.number(), &is) != 0 || !S_ISREG(is.st_mode))
      throw Error(Fault::malformed, fmt::format("{}: is not a file that can be read several times", wanted.dump));
    std::error_code problem;
    for (std::filesystem::directory_iterator entry(wanted.videos, problem), end; !problem && entry != end;
         entry.increment(problem)) {
      std::error_code none;
      const std::filesystem::path real =
          entry->is_symlink(none) ? std::filesystem::canonical(entry->path(), none) : entry->path();
      paths_[entry->path().filename().string()] = real.empty() ? entry->path() : real;
    }
    if (problem) throwFileError(wanted.videos, problem.value());
  }

  ImportFiles files() {
    return {[this](std::uint64_t offset, std::span<char> to) {
              if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
              const ssize_t got = ::pread(dump_.number(), to.data(), to.size(), static_cast<off_t>(offset));
              if (got < 0) throwFileError(dumpName_, errno);
              return static_cast<std::size_t>(got);
            },
            [this](const std::string& name) -> std::optional<ByteSource> {
              const auto found = paths_.find(name);
              if (found == paths_.end()) return std::nullopt;
              const std::filesystem::path& path = found->second;
              content_ = opener_.openBelow(path.parent_path(), path.filename().string());
              struct stat is {};
              if (::fstat(content_.number(), &is) != 0 || !S_ISREG(is.st_mode))
                throw Error(Fault::malformed, fmt::format("{}: is not a file", path.string()));
              return sourceOf(content_, path.string());
            },
            [this] {
              std::vector<std::string> names;
              for (const auto& [name, path] : paths_) names.push_back(name);
              return names;
            }};
  }

 private:
  const FileOpener opener_;
  const std::string dumpName_;
  const Descriptor dump_;
  std::map<std::string, std::filesystem::path> paths_;  // by name; of a symbolic link, that of the file itself
  Descriptor content_;                                  // the one that is read
};

int importData(Caller& caller, const ImportSite& wanted) {
  const Target target = pickHere(caller, "data import");
  ImportedFiles files(wanted);
  becomeDataOwner(target.settings);
  const std::unique_ptr<Data> data = openData(target.settings, target.origin);
  const SignalNote note;
  // A dump that cannot be read leaves no new data directory.
  if (!std::filesystem::exists(target.settings.dataDirectory / "video.db")) checkDump(files.files());
  data->init();
  const std::unique_ptr<LocalToolkit> toolkit = openLocal(target.settings, target.origin);
  ImportOptions options;
  options.site = wanted.site;
  options.visibility = target.settings.videos.visibility;
  options.deletionDelay = target.settings.deletions.delay;
  std::vector<ImportedThing> things;
  ImportTotals totals;
  try {
    Progress progress(caller.flags, "import");
    totals = toolkit->dataImport().run(
        files.files(), options, [&](const ImportedThing& thing) { things.push_back(thing); }, shownBy(progress));
  } catch (...) {
    // Only now it is known what became of these: the next run finds them done.
    if (!things.empty()) {
      caller.out.all(things, importColumns);
      caller.report("data: the import ended early; the next one goes on from there");
    }
    if (SignalNote::came() != 0) throw Interrupted{SignalNote::came()};
    throw;
  }
  caller.out.all(things, importColumns);
  caller.report(
      fmt::format("data: imported {} users, {} videos, {} comments; {} were imported before, {} skipped, {} "
                  "failed",
                  totals.users, totals.videos, totals.comments, totals.before, totals.skipped, totals.failed));
  return totals.skipped + totals.failed > 0 ? someFailed : 0;
}

}  // namespace

void addData(Commands& commands) {
  CLI::App& noun = commands.noun(
      "data", "Data directory: create, migrate, back up, restore, check, export, import",
      {{"Create a data directory", "videoctl --data-dir /srv/videos data init"},
       {"Migrate it to the current schema", "videoctl --data-dir /srv/videos data migrate"},
       {"Back it up while it is in use", "videoctl --data-dir /srv/videos data backup monday"},
       {"Verify a backup", "videoctl data verify monday"},
       {"Restore a backup into a new folder", "videoctl --data-dir /srv/videos-new data restore monday --yes"},
       {"Check it, while the daemon goes on", "videoctl --data-dir /srv/videos data check"},
       {"Copy all videos out of it", "videoctl --data-dir /srv/videos data export /srv/videos-copy"},
       {"Invalidate all signed links", "videoctl --data-dir /srv/videos data rotate-key --yes"}});

  auto init = commands.verb<NoWords>(noun, "init", "Create a data directory in a new or empty folder");
  init.givesOne<DataState>();
  init.runs([](Caller& caller, NoWords&) {
    caller.out.one([&] { return openHere(caller, "data init")->init(); });
    return 0;
  });

  auto rotate = commands.verb<NoWords>(noun, "rotate-key", "Replace the signing key; all signed links stop working");
  rotate.runs([](Caller& caller, NoWords&) {
    const auto data = openHere(caller, "data rotate-key");
    confirm(caller.flags, "data rotate-key", "Replace the signing key, so that no signed link works any more?");
    data->rotateKey();
    caller.report("replaced the signing key; all earlier signed links are invalid");
    return 0;
  });

  auto migrate = commands.verb<NoWords>(noun, "migrate", "Migrate the database to the schema of this version");
  migrate.givesOne<DataState>();
  migrate.runs([](Caller& caller, NoWords&) {
    caller.out.one([&] {
      Progress progress(caller.flags, "migrate");
      return openHere(caller, "data migrate")->migrate(shownBy(progress));
    });
    return 0;
  });

  auto backup = commands.verb<BackupTo>(noun, "backup", "Back up the database and the contents while everything runs");
  backup
      .option("DEST", &BackupTo::to,
              "new folder for the backup, or - for a tar archive on standard output; contents that the newest backup "
              "beside it has take no more space")
      ->required();
  backup.givesOne<BackupReport>();
  backup.runs(backUp);

  auto verified = commands.verb<VerifyWanted>(noun, "verify", "Verify all files of a backup against their SHA-256");
  verified.option("BACKUP", &VerifyWanted::set, "folder of the backup, or - for a tar archive on standard input")
      ->required();
  verified.givesList<Page<BackupProblem>>();
  verified.runs(verify);

  auto restored = commands.verb<RestoreWanted>(
      noun, "restore", "Restore a backup into a new or empty data directory; list the tokens that are valid again");
  restored.option("BACKUP", &RestoreWanted::set, "folder of the backup")->required();
  restored.flag("--revoke-tokens", &RestoreWanted::revokeTokens, "revoke all tokens");
  restored.givesList<Page<RestoredToken>>();
  restored.runs(restore);

  auto changes = commands.verb<ChangesWanted>(
      noun, "changes", "List the files of contents that were added, one per line, for rsync --files-from");
  changes.option("--since", &ChangesWanted::since, "list only what was added after this cursor (default 0: everything)",
                 [](std::string_view text, std::string_view name, std::int64_t& to) {
                   readText(text, name, to);
                   if (to < 0) throw Error(Fault::malformed, fmt::format("{}: must be 0 or more", name));
                 });
  changes.option("--cursor-file", &ChangesWanted::cursorFile,
                 "write the next cursor to this file when the list is complete, instead of reporting it");
  changes.runs(listChanges);

  auto check = commands.verb<CheckData>(
      noun, "check", "Compare the database with the files; exit with status 10 if there are problems left");
  check.flag("--hash", &CheckData::hash, "also verify the SHA-256 of all contents; reads every file");
  check.flag(
      "--repair", &CheckData::repair,
      "repair what can be repaired; requires that no daemon runs; moves files to lost+found and deletes nothing");
  check.rehearses();
  check.givesList<Page<Finding>>();
  check.runs(checkData);

  auto exported = commands.verb<ExportSite>(
      noun, "export",
      "Copy all videos to a folder, with JSON, subtitles and comments; files that are there already are kept");
  exported
      .option("DIR", &ExportSite::to, "folder; created if missing",
              [](std::string_view text, std::string_view name, std::string& to) {
                if (text.empty()) throw Error(Fault::malformed, fmt::format("{}: must not be empty", name));
                to = text;
              })
      ->required();
  exported.option("--user", &ExportData::user, "only the videos of this user");
  exported.givesResults();
  exported.runs(exportData);

  auto imported = commands.verb<ImportSite>(
      noun, "import", "Import users, videos and comments from a dump of the MySQL database of the original site");
  imported.option("--mysql-dump", &ImportSite::dump, "file written by mysqldump")->required();
  imported
      .option("--videos", &ImportSite::videos,
              "folder with the video files, named after the videos' IDs, with or without an extension")
      ->required();
  imported.option("--site", &ImportSite::site,
                  "name for the other site (default: original); import a second one under another name",
                  [](std::string_view text, std::string_view name, std::string& to) {
                    checkText(name, text, 1, 64);
                    to = text;
                  });
  imported.givesList<Page<ImportedThing>>();
  imported.runs(importData);
}

}  // namespace video::ctl
