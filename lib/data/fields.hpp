#pragma once

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

}  // namespace video
