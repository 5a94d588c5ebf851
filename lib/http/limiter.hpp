#pragma once

#include <cstddef>
#include <cstdint>

namespace video::http {

struct LimiterOptions {
  std::size_t streams = 1000;   ///< answers being streamed at once
  std::size_t perAddress = 64;  ///< of them to one address (IPv6: one /64)
  std::size_t uploads = 64;     ///< uploads at once
};

}  // namespace video::http
