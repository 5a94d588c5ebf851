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

}  // namespace video
