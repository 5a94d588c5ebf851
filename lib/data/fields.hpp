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
