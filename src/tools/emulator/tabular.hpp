// The emulator's other model: it sums rows of numbers, so that a test can know the answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ek::emulator {

/// Answers the bodies that classic models take, each in its own form; none for any other body.
///   {"instances": [[1,2],[3]]}               {"predictions": [3.0, 3.0]}
///   {"input_data": {"columns":…,"data":…}}   [3.0, 3.0]      (MLflow on Azure; also a bare list)
///   {"data": [[1,2],[3]]}                    {"result": [3.0, 3.0]}
std::optional<std::string> score_json(std::string_view body);
/// "1,2\n3" gives "3\n3"; none if a field is no number.
std::optional<std::string> score_csv(std::string_view body);

}  // namespace ek::emulator
