#pragma once

namespace terse::relsim {

/// The x with P(T ≤ x) = probability for Student's t of `degrees` degrees of freedom, which need not be whole.
/// @param probability  in (0, 1)
/// @param degrees      above 0
/// Right to about 1e-10 relative.
double student_t_quantile(double probability, double degrees);

/// student_t_quantile(0.975, degrees) for 1 degree or more, from a table: for very many intervals. Right to 1e-4
/// relative.
double student_t_95(double degrees);

}  // namespace terse::relsim
