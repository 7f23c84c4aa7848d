//! The flags.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Typed models, relations and queries from a spec or a database.
#[derive(Debug, Parser)]
#[command(name = "pilaster", version, arg_required_else_help = true)]
pub(super) struct Arguments {
    /// Print the result and the findings as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Settings file [default: pilaster.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Run as if started in this folder
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Start a project: a blog over SQLite
    New(NewArgs),
    /// Write the code of a spec or a database into a folder
    Generate(GenerateArgs),
    /// Print a database or spec as a YAML spec
    Inspect(InspectArgs),
    /// Fail when spec, generated code, migrations and a database differ
    Check(ProjectArgs),
    /// Work on a database
    #[command(subcommand)]
    Db(DbCommand),
}

#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    /// Create the tables that are missing, and the file if it is
    Create(CreateArgs),
    /// Drop the tables of the spec, with everything in them
    Drop(DropArgs),
    /// Make the folder of the migrations
    Init(InitArgs),
    /// Write a revision that leads from the migrations to the spec
    Migrate(MigrateArgs),
    /// Write an empty revision, to be filled by hand
    Revision(RevisionArgs),
    /// Bring the database to a revision (or print the statements, with `--sql`)
    Upgrade(ScriptArgs),
    /// Take revisions back (or print the statements, with `--sql`)
    Downgrade(ScriptArgs),
    /// Tell which revisions are applied
    Current(PlaceArgs),
    /// Note a revision and those before it as applied, without running them
    Stamp(StampArgs),
    /// List the revisions, the newest first
    History(FolderArgs),
    /// List the revisions that nothing comes after
    Heads(FolderArgs),
    /// List the revisions that several come after
    Branches(FolderArgs),
    /// Print a revision
    Show(ShowArgs),
    /// Write a revision that joins the heads
    Merge(RevisionArgs),
    /// Open a revision in the editor that EDITOR names
    Edit(ShowArgs),
    /// Fail when the spec and the migrations differ
    Check(CheckArgs),
}

#[derive(Debug, Args)]
pub(super) struct ProjectArgs {
    /// YAML spec to read [default: models.yaml]
    #[arg(long, value_name = "FILE")]
    pub spec: Option<PathBuf>,
    /// Folder of the committed code [default: src/models]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Look at a database too; without a URL at the one of DATABASE_URL, or of database.url in the settings
    #[arg(long, value_name = "URL")]
    pub database: Option<Option<String>>,
}

#[derive(Debug, Clone, Default, Args)]
pub(super) struct FolderArgs {
    /// Folder of the migrations [default: `folder` under `[migrations]` in pilaster.toml, or `migrations`]
    #[arg(long, value_name = "DIR")]
    pub migrations: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Write a first revision of what a database holds
    #[arg(long, value_name = "URL")]
    pub from_database: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// What the revision is for
    #[arg(short, long, value_name = "TEXT", default_value = "")]
    pub message: String,
    /// YAML spec to read [default: models.yaml]
    #[arg(long, value_name = "FILE")]
    pub spec: Option<PathBuf>,
    /// Print the revision and write nothing
    #[arg(long, conflicts_with = "sql")]
    pub dry_run: bool,
    /// Print the statements of the revision and write nothing
    #[arg(long, requires = "dialect")]
    pub sql: bool,
    /// Print for sqlite, postgres or mysql
    #[arg(long, value_name = "NAME", requires = "sql")]
    pub dialect: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct RevisionArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// What the revision is for
    #[arg(short, long, value_name = "TEXT", default_value = "")]
    pub message: String,
}

#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// URL of the database [default: DATABASE_URL, or `url` under `[database]` in pilaster.toml]
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct StampArgs {
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Revision to note: a name or its beginning, `head`, `heads` or `base`
    #[arg(value_name = "REVISION", default_value = "head")]
    pub revision: String,
}

#[derive(Debug, Args)]
pub(super) struct ScriptArgs {
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Revision to go to: a name or its beginning, `head`, `base`, `+1`, `-1` [default: head, or -1 for a downgrade]
    #[arg(value_name = "REVISION", allow_negative_numbers = true)]
    pub target: Option<String>,
    /// With `--sql`, revision to start from [default: base, or head for a downgrade]
    #[arg(long, value_name = "REVISION")]
    pub from: Option<String>,
    /// Print the statements, without a database
    #[arg(long)]
    pub sql: bool,
    /// With `--sql`, print for sqlite, postgres or mysql
    #[arg(long, value_name = "NAME")]
    pub dialect: Option<String>,
    /// Print what would be run on the database, and run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Also do what drops tables, columns or values
    #[arg(long)]
    pub allow_destructive: bool,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Revision: a name, its beginning, or `head`
    #[arg(value_name = "REVISION", default_value = "head")]
    pub revision: String,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub folder: FolderArgs,
    /// YAML spec to read [default: models.yaml]
    #[arg(long, value_name = "FILE")]
    pub spec: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// Folder of the project
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// YAML spec to read [default: models.yaml]
    #[arg(long, value_name = "FILE", conflicts_with = "database")]
    pub spec: Option<PathBuf>,
    /// Database to read, by URL
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Folder to write [default: src/models]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write nothing; fail when a file is not what it would be
    #[arg(long)]
    pub check: bool,
    /// Take warnings for errors
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// Database URL, SQLite file or spec [default: DATABASE_URL, or database.url in the settings]
    #[arg(value_name = "URL|FILE")]
    pub source: Option<String>,
    /// File to write instead of printing
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Take warnings for errors
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, Args)]
pub(super) struct TargetArgs {
    /// YAML spec to read [default: models.yaml]
    #[arg(long, value_name = "FILE")]
    pub spec: Option<PathBuf>,
    /// Database to work on [default: DATABASE_URL, or database.url in the settings]
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Print the statements instead of running them
    #[arg(long)]
    pub sql: bool,
    /// Print for sqlite, postgres or mysql, whatever the database is
    #[arg(long, value_name = "NAME", requires = "sql")]
    pub dialect: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    #[command(flatten)]
    pub target: TargetArgs,
}

#[derive(Debug, Args)]
pub(super) struct DropArgs {
    #[command(flatten)]
    pub target: TargetArgs,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}
