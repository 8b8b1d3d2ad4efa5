use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use git2::{IndexEntry, IndexTime, Oid, Repository, RepositoryInitOptions, Signature};
use tempfile::TempDir;

use super::{Origin, Tree, is_lfs_pointer};
use crate::finding::Code;
use crate::project::error::Error;

const FILE: u32 = 0o100_644;
const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n";

fn bare() -> (TempDir, Repository) {
    let folder = TempDir::new().unwrap();
    let mut options = RepositoryInitOptions::new();
    options.bare(true).external_template(false);
    let repository = Repository::init_opts(folder.path(), &options).unwrap();
    repository.set_head("refs/heads/main").unwrap();
    (folder, repository)
}

/// Makes a commit of just these files on `main`, without any folder on disk.
fn commit(repository: &Repository, files: &[(&[u8], u32, &[u8])]) -> Oid {
    let mut index = git2::Index::new().unwrap();
    for (path, mode, contents) in files {
        let id = if *mode == SUBMODULE {
            Oid::from_str("1111111111111111111111111111111111111111").unwrap()
        } else {
            repository.blob(contents).unwrap()
        };
        let time = IndexTime::new(0, 0);
        index
            .add(&IndexEntry {
                ctime: time,
                mtime: time,
                dev: 0,
                ino: 0,
                mode: *mode,
                uid: 0,
                gid: 0,
                file_size: 0,
                id,
                flags: 0,
                flags_extended: 0,
                path: path.to_vec(),
            })
            .unwrap();
    }
    let tree = repository.find_tree(index.write_tree_to(repository).unwrap()).unwrap();
    let who = Signature::now("Ada", "ada@example.org").unwrap();
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<&git2::Commit> = parent.iter().collect();
    repository.commit(Some("refs/heads/main"), &who, &who, "files", &tree, &parents).unwrap()
}

fn paths(tree: &Tree) -> Vec<String> {
    tree.entries().iter().map(|entry| format!("{} {:?}", entry.shown(), entry.mode)).collect()
}

#[test]
fn a_commit_of_a_bare_repository_has_every_kind_of_entry() {
    let (folder, repository) = bare();
    let first = commit(&repository, &[(b"old.txt", FILE, b"old")]);
    let second = commit(
        &repository,
        &[
            (b"bin/run", 0o100_755, b"#!/bin/sh\n"),
            (b"caf\xe9/menu.txt", FILE, b"soup"),
            (b"logo.png", FILE, POINTER.as_bytes()),
            (b"out", LINK, b"/etc/passwd"),
            (b"sub-x", FILE, b""),
            (b"sub/a", FILE, b"a"),
            (b"sub.txt", FILE, b""),
            (b"theme", SUBMODULE, b""),
            (b".gitignore", FILE, b"/.env\n"),
        ],
    );
    let tree = Tree::open(folder.path(), None).unwrap();
    assert_eq!(tree.origin(), &Origin::Commit(second.to_string()));
    insta::assert_snapshot!(paths(&tree).join("\n"), @r"
    .gitignore File
    bin/run Executable
    caf\xE9/menu.txt File
    logo.png File
    out Symlink
    sub-x File
    sub.txt File
    sub/a File
    theme Submodule
    ");
    let read = |path: &[u8]| tree.read(tree.entry(path).unwrap());
    assert_eq!(read(b"caf\xe9/menu.txt").unwrap(), b"soup");
    assert_eq!(read(b"out").unwrap(), b"/etc/passwd");
    assert!(matches!(read(b"logo.png"), Err(Error::LfsPointer { .. })));
    assert!(matches!(read(b"theme"), Err(Error::Submodule { .. })));
    assert_eq!(tree.size(tree.entry("sub/a").unwrap()).unwrap(), 1);
    assert_eq!(tree.entry("sub/a").unwrap().blob_id().unwrap().len(), 40);
    let below = tree.below("sub");
    assert_eq!((below.len(), below[0].folder(), below[0].name()), (1, &b"sub"[..], &b"a"[..]));
    assert!(tree.has_folder("bin") && !tree.has_folder("sub-x") && tree.entry("sub").is_none());
    assert!(tree.ignores(".env") && !tree.ignores("sub/.env"));

    let old = Tree::open(folder.path(), Some(&first.to_string()[..10])).unwrap();
    assert_eq!(paths(&old), ["old.txt File"]);
    let unknown = Tree::open(folder.path(), Some("no-such-branch"));
    assert!(matches!(unknown, Err(Error::UnknownRevision { .. })));
}

#[test]
fn many_threads_read_at_once() {
    use rayon::prelude::*;
    let (folder, repository) = bare();
    let files: Vec<(Vec<u8>, Vec<u8>)> = (0..500)
        .map(|number| (format!("d{}/f{number}", number % 7).into(), format!("{number}").into()))
        .collect();
    let entries: Vec<(&[u8], u32, &[u8])> =
        files.iter().map(|(path, text)| (path.as_slice(), FILE, text.as_slice())).collect();
    commit(&repository, &entries);
    let tree = Tree::open(folder.path(), Some("main")).unwrap();
    let wrong = tree.entries().par_iter().filter(|entry| {
        let number = entry.shown().rsplit('f').next().unwrap().to_owned();
        tree.text(entry).unwrap() != number
    });
    assert_eq!((tree.entries().len(), wrong.count()), (500, 0));
}

#[test]
fn an_unborn_head_and_a_missing_blob_are_told() {
    let (folder, repository) = bare();
    assert!(matches!(Tree::open(folder.path(), None), Err(Error::UnbornHead)));
    commit(&repository, &[(b"here", FILE, b"1"), (b"gone", FILE, b"2")]);
    let gone = repository.blob(b"2").unwrap().to_string();
    fs::remove_file(folder.path().join("objects").join(&gone[..2]).join(&gone[2..])).unwrap();
    let tree = Tree::open(folder.path(), None).unwrap();
    assert_eq!(tree.read(tree.entry("here").unwrap()).unwrap(), b"1");
    let missing = tree.read(tree.entry("gone").unwrap()).unwrap_err();
    assert_eq!(missing.to_string(), "the repository does not have the contents of gone");
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_working_folder_is_what_is_tracked_or_not_ignored() {
    let outside = TempDir::new().unwrap();
    write(outside.path(), "secret", "s");
    let folder = TempDir::new().unwrap();
    let root = folder.path();
    let repository = Repository::init(root).unwrap();
    for (path, text) in [
        (".gitignore", "/vendor\n.env\n*.log\n"),
        ("app/.gitignore", "!keep.log\n"),
        ("app/keep.log", ""),
        ("app/drop.log", ""),
        ("vendor/autoload.php", ""),
        (".env", "A=1"),
        ("config/.env", "A=1"),
        ("nested/.git/HEAD", "ref: refs/heads/main"),
        ("nested/index.php", ""),
        ("logo.png", POINTER),
    ] {
        write(root, path, text);
    }
    symlink(outside.path(), root.join("linked")).unwrap();
    let mut index = repository.index().unwrap();
    index.add_path(Path::new(".env")).unwrap();
    index.write().unwrap();

    let tree = Tree::open(root, None).unwrap();
    insta::assert_snapshot!(paths(&tree).join("\n"), @r"
    .env File
    .gitignore File
    app/.gitignore File
    app/keep.log File
    linked Symlink
    logo.png File
    nested Submodule
    ");
    assert!(matches!(tree.origin(), Origin::Folder(_)));
    assert!(tree.ignores(".env") && tree.ignores("x/.env") && !tree.ignores("app/keep.log"));
    assert!(matches!(tree.read(tree.entry("logo.png").unwrap()), Err(Error::LfsPointer { .. })));
    assert!(matches!(tree.read(tree.entry("nested").unwrap()), Err(Error::Submodule { .. })));

    // The listing is old by now, and the file leads out.
    fs::remove_file(root.join("app/keep.log")).unwrap();
    symlink(outside.path().join("secret"), root.join("app/keep.log")).unwrap();
    assert!(tree.read(tree.entry("app/keep.log").unwrap()).is_err());

    let part = Tree::open(&root.join("app"), None).unwrap();
    assert_eq!(paths(&part), [".gitignore File", "keep.log Symlink"]);
    // What is above says what is ignored here, and what is here comes first.
    assert!(part.ignores(".env") && part.ignores("drop.log") && !part.ignores("keep.log"));
    assert!(matches!(Tree::open(root, Some("HEAD")), Err(Error::UnbornHead)));
    let who = Signature::now("Ada", "ada@example.org").unwrap();
    index.add_path(Path::new(".gitignore")).unwrap();
    index.add_path(Path::new("app/.gitignore")).unwrap();
    index.write().unwrap();
    let files = repository.find_tree(index.write_tree().unwrap()).unwrap();
    repository.commit(Some("HEAD"), &who, &who, "files", &files, &[]).unwrap();
    let part = Tree::open(&root.join("app"), Some("HEAD")).unwrap();
    assert_eq!(paths(&part), [".gitignore File"]);
    assert!(part.ignores(".env") && part.ignores("drop.log") && !part.ignores("keep.log"));
    let none = Tree::open(&root.join("config"), Some("HEAD"));
    assert!(matches!(none, Err(Error::NoFolderAtRevision { .. })));
}

#[test]
fn a_folder_without_git_is_read_whole_and_has_no_revisions() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "one/.git/HEAD", "ref: refs/heads/main");
    write(folder.path(), "one/.env", "A=1");
    write(folder.path(), ".gitignore", ".env");
    let tree = Tree::open(folder.path(), None).unwrap();
    assert_eq!(paths(&tree), [".gitignore File", "one/.env File"]);
    let rev = Tree::open(folder.path(), Some("HEAD"));
    assert!(matches!(rev, Err(Error::NoRepository { .. })));
    let file = Tree::open(&folder.path().join(".gitignore"), None);
    assert!(matches!(file, Err(Error::NotAFolder(_))));
    let gone = Tree::open(&folder.path().join("gone"), None);
    assert!(matches!(gone, Err(Error::NoFolder(_))));
}

#[test]
fn a_repository_that_libgit2_cannot_open_is_read_from_disk_and_said() {
    let folder = TempDir::new().unwrap();
    Repository::init(folder.path()).unwrap();
    write(folder.path(), "index.php", "<?php");
    let config = folder.path().join(".git/config");
    let text = fs::read_to_string(&config).unwrap();
    let text = text.replace("repositoryformatversion = 0", "repositoryformatversion = 1");
    fs::write(&config, format!("{text}[extensions]\n\tpartialclone = origin\n")).unwrap();
    let tree = Tree::open(folder.path(), None).unwrap();
    assert_eq!(paths(&tree), ["index.php File"]);
    assert_eq!(tree.findings()[0].code, Code::RepositoryNotOpened);
    assert!(matches!(Tree::open(folder.path(), Some("HEAD")), Err(Error::Repository { .. })));
}

#[test]
fn a_pointer_is_known_by_its_first_line() {
    assert!(is_lfs_pointer(POINTER.as_bytes()));
    assert!(!is_lfs_pointer(b"version 1"));
    assert!(!is_lfs_pointer(&[POINTER.as_bytes(), &[b' '; 1024]].concat()));
}
