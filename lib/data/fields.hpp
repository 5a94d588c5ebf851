#pragma once

#include <array>
#include <utility>

#include "data/data.hpp"

namespace video {

template <>
struct Fields<DataState> {
  static constexpr std::tuple list{
      Field{"path", &DataState::path, "the data directory"},
      Field{"schema", &DataState::schema, "schema version"},
      Field{"before", &DataState::before, "schema version before; 0 = the directory is new"},
  };
};

template <>
struct Fields<BackupReport> {
  static constexpr std::tuple list{
      Field{"path", &BackupReport::path, "the backup"},
      Field{"time", &BackupReport::time, "time of the state of the database"},
      Field{"schema", &BackupReport::schema, "schema version of the database"},
      Field{"files", &BackupReport::files, "number of files"},
      Field{"reused", &BackupReport::reused, "files that are shared with an earlier backup"},
      Field{"bytes", &BackupReport::bytes, "bytes of all files"},
      Field{"problems", &BackupReport::problems, "contents that are missing or damaged"},
  };
};

template <>
struct Fields<BackupProblem> {
  static constexpr std::string_view plural = "problems";
  static constexpr std::tuple list{
      Field{"kind", &BackupProblem::kind, "missing, damaged or extra"},
      Field{"path", &BackupProblem::path, "path below the backup"},
      Field{"detail", &BackupProblem::detail, "the reason"},
  };
};

template <>
struct Fields<RestoredToken> {
  static constexpr std::string_view plural = "tokens";
  static constexpr std::tuple list{
      Field{"id", &RestoredToken::id, "ID of the token"},
      Field{"user_name", &RestoredToken::userName, "the user"},
      Field{"label", &RestoredToken::label, "label of the token"},
      Field{"scope", &RestoredToken::scope, "scope of the token"},
      Field{"expires", &RestoredToken::expires, "when it expires; null if never"},
  };
};

template <>
struct Names<ImportKind> {
  static constexpr std::array list{
      std::pair{ImportKind::dump, "dump"},       std::pair{ImportKind::user, "user"},
      std::pair{ImportKind::video, "video"},     std::pair{ImportKind::comment, "comment"},
      std::pair{ImportKind::session, "session"}, std::pair{ImportKind::deletion, "deletion"},
      std::pair{ImportKind::file, "file"},
  };
};

template <>
struct Names<ImportStatus> {
  static constexpr std::array list{
      std::pair{ImportStatus::imported, "imported"},   std::pair{ImportStatus::renamed, "renamed"},
      std::pair{ImportStatus::unchanged, "unchanged"}, std::pair{ImportStatus::ended, "ended"},
      std::pair{ImportStatus::skipped, "skipped"},     std::pair{ImportStatus::noted, "noted"},
  };
};

template <>
struct Fields<ImportedItem> {
  static constexpr std::string_view plural = "items";
  static constexpr std::tuple list{
      Field{"status", &ImportedItem::status, "imported, renamed, unchanged, ended, skipped or noted"},
      Field{"kind", &ImportedItem::kind, "dump, user, video, comment, session, deletion or file"},
      Field{"old_id", &ImportedItem::oldId, "ID on the old site; of sessions, their number"},
      Field{"old_name", &ImportedItem::oldName, "name on the old site"},
      Field{"id", &ImportedItem::id, "ID here; empty if it is not here, and in a dry run"},
      Field{"name", &ImportedItem::name, "name here"},
      Field{"detail", &ImportedItem::detail, "the reason or other details"},
  };
};

}  // namespace video
