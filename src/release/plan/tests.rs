use super::Needs;

#[test]
fn nothing_is_needed_by_default() {
    assert_eq!(
        Needs::default(),
        Needs { begin: false, upload: false, build: false, switch: false }
    );
}
