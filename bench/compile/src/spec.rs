//! The spec of a made-up schema.

use std::fmt::Write;

/// So many tables of twelve columns, two of which refer to other tables. `column` goes into the one in the middle.
pub fn models(tables: usize, column: &str) -> String {
    let mut out = String::from("pilaster: 1\nmodels:\n");
    for at in 0..tables {
        let extra = match column {
            "" => String::new(),
            column if at == tables / 2 => format!("      {column}\n"),
            _ => String::new(),
        };
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "  {name}:
    columns:
      id: bigint primary
      name: string(80)
      code: string(40) unique
      note: text null
      quantity: integer
      amount: double
      active: boolean = true
      created_at: timestamp = now
      total: decimal(12, 2) = 0
      rating: double null
{extra}    relations:
      left: {{ belongs_to: {left}, inverse: lefts{at} }}
      right: {{ belongs_to: {right}, inverse: rights{at}, null: true }}
",
            name = name(at),
            left = name(left(at)),
            right = name(at / 3),
        );
    }
    out
}

/// The name of a model.
pub fn name(at: usize) -> String {
    format!("Item{at}")
}

/// What a model's first relation leads to.
pub fn left(at: usize) -> usize {
    at / 2
}
