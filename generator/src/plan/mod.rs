//! From the IR to exactly what the templates print.
