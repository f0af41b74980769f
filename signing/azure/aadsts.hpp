// Entra's error numbers ("AADSTS7000215") and what to do about them.
#pragma once

#include <string_view>

namespace ek {

/// The first number after "AADSTS" in a text, as digits, or "".
std::string_view aadsts_code(std::string_view description) noexcept;
/// A sentence for the common ones, or "".
std::string_view aadsts_advice(std::string_view code) noexcept;
/// True for those that pass by themselves (throttled tenant, failed lookup).
bool is_passing_aadsts(std::string_view code) noexcept;

}  // namespace ek
