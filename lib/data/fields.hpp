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
struct Names<FindingKind> {
  static constexpr std::array list{
      std::pair{FindingKind::damagedDatabase, "damaged_database"},
      std::pair{FindingKind::brokenReference, "broken_reference"},
      std::pair{FindingKind::missingContent, "missing_content"},
      std::pair{FindingKind::wrongSize, "wrong_size"},
      std::pair{FindingKind::wrongHash, "wrong_hash"},
      std::pair{FindingKind::missingDerived, "missing_derived"},
      std::pair{FindingKind::orphan, "orphan"},
      std::pair{FindingKind::leftoverUpload, "leftover_upload"},
      std::pair{FindingKind::lostBytes, "lost_bytes"},
      std::pair{FindingKind::deadDeletion, "dead_deletion"},
      std::pair{FindingKind::wrongSums, "wrong_sums"},
      std::pair{FindingKind::lost, "lost"},
  };
};

template <>
struct Names<FindingState> {
  static constexpr std::array list{
      std::pair{FindingState::found, "found"},
      std::pair{FindingState::repaired, "repaired"},
      std::pair{FindingState::failed, "failed"},
      std::pair{FindingState::information, "information"},
  };
};

template <>
struct Names<ExportOutcome> {
  static constexpr std::array list{
      std::pair{ExportOutcome::exported, "exported"}, std::pair{ExportOutcome::updated, "updated"},
      std::pair{ExportOutcome::moved, "moved"},       std::pair{ExportOutcome::unchanged, "unchanged"},
      std::pair{ExportOutcome::failed, "failed"},
  };
};

template <>
struct Names<ImportKind> {
  static constexpr std::array list{
      std::pair{ImportKind::user, "user"},         std::pair{ImportKind::video, "video"},
      std::pair{ImportKind::comment, "comment"},   std::pair{ImportKind::session, "session"},
      std::pair{ImportKind::deletion, "deletion"}, std::pair{ImportKind::file, "file"},
  };
};

template <>
struct Names<ImportOutcome> {
  static constexpr std::array list{
      std::pair{ImportOutcome::imported, "imported"},
      std::pair{ImportOutcome::skipped, "skipped"},
      std::pair{ImportOutcome::failed, "failed"},
  };
};

template <>
struct Fields<ImportedThing> {
  static constexpr std::string_view plural = "things";
  static constexpr std::tuple list{
      Field{"kind", &ImportedThing::kind, "user, video, comment, session, deletion or file"},
      Field{"status", &ImportedThing::outcome, "imported, skipped or failed"},
      Field{"old_id", &ImportedThing::oldId, "the ID on the other site, or the name of a file"},
      Field{"id", &ImportedThing::newId, "the ID here; empty for none"},
      Field{"name", &ImportedThing::name, "the name of a user or video here"},
      Field{"detail", &ImportedThing::detail, "what was changed, or why it was left out"},
  };
};

template <>
struct Fields<Finding> {
  static constexpr std::string_view plural = "findings";
  static constexpr std::tuple list{
      Field{"kind", &Finding::kind, "what is wrong; lost: nothing, a file in lost+found"},
      Field{"state", &Finding::state, "found, repaired, failed (to be repaired), or information"},
      Field{"id", &Finding::id, "ID of the video or upload, name of the user, or path in the data directory"},
      Field{"detail", &Finding::detail, "the details"},
      Field{"repair", &Finding::repair, "what --repair does, or has done"},
  };
};

}  // namespace video
